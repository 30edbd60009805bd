/** A throw-away PostgreSQL with the migrated schema and its login roles, for tests and benchmarks. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { DATABASE_NAME, startCluster, socketUrl } from "#server/core/db/cluster.ts";
import { folderClusterLayout } from "#server/core/db/embedded-layout.ts";
import { migrate } from "#server/core/db/migrate.ts";
import {
  deriveRolePasswords,
  LOGIN_ROLES,
  provisionRoles,
  type LoginRole,
  type RolePasswords,
} from "#server/core/db/roles.ts";

export interface MigratedCluster {
  socketDir: string;
  ownerPassword: string;
  ownerUrl: string;
  passwords: RolePasswords;
  /** Connection of a login role to the migrated database. */
  url(role: LoginRole): string;
  /** SIGKILL for the server, then a start that recovers what was durable. */
  killAndStartAgain(): Promise<void>;
  stop(): Promise<void>;
}

/** @param durable false: no fsync, for tests that do not pull the plug. */
export async function startMigratedCluster({ durable }: { durable: boolean }): Promise<MigratedCluster> {
  const ownerPassword = randomBytes(16).toString("hex");
  const folder = mkdtempSync(join(tmpdir(), "openclaw-test-"));
  const layout = folderClusterLayout(folder);
  let cluster = await startCluster({ layout, ownerPassword, durable });
  const passwords = deriveRolePasswords(ownerPassword);
  const ownerUrl = cluster.ownerUrl();
  await migrate(ownerUrl);
  const client = new Client({ connectionString: ownerUrl });
  await client.connect();
  await provisionRoles(client, passwords);
  await client.end();
  return {
    socketDir: layout.socketDir,
    ownerPassword,
    ownerUrl,
    passwords,
    url: (role) => socketUrl(layout, LOGIN_ROLES[role], passwords[role], DATABASE_NAME),
    async killAndStartAgain() {
      process.kill(cluster.pid, "SIGKILL");
      await cluster.exited;
      cluster = await startCluster({ layout, ownerPassword, durable });
    },
    async stop() {
      await cluster.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** One throw-away PostgreSQL for a whole test run, with a migrated template that every test database is copied from. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import type { TestProject } from "vitest/node";
import { startCluster, DATABASE_NAME } from "#server/core/db/cluster.ts";
import { folderClusterLayout } from "#server/core/db/embedded-layout.ts";
import { migrate } from "#server/core/db/migrate.ts";
import { deriveRolePasswords, provisionRoles, type RolePasswords } from "#server/core/db/roles.ts";

export interface TestCluster {
  socketDir: string;
  ownerPassword: string;
  passwords: RolePasswords;
  template: string;
}

declare module "vitest" {
  export interface ProvidedContext {
    testCluster: TestCluster;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const ownerPassword = randomBytes(16).toString("hex");
  const folder = mkdtempSync(join(tmpdir(), "openclaw-test-"));
  const layout = folderClusterLayout(folder);
  const cluster = await startCluster({ layout, ownerPassword, durable: false });
  const passwords = deriveRolePasswords(ownerPassword);
  await migrate(cluster.ownerUrl());
  const client = new Client({ connectionString: cluster.ownerUrl() });
  await client.connect();
  await provisionRoles(client, passwords);
  await client.end();
  project.provide("testCluster", { socketDir: layout.socketDir, ownerPassword, passwords, template: DATABASE_NAME });
  return async () => {
    await cluster.stop();
    rmSync(folder, { recursive: true, force: true });
  };
}

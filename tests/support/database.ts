/** A database of its own for a test file or a test: the real schema, the real roles, nothing shared. */
import { randomBytes } from "node:crypto";
import { Client } from "pg";
import { inject } from "vitest";
import { OWNER_ROLE } from "#server/core/db/cluster.ts";
import { LOGIN_ROLES, provisionRoles } from "#server/core/db/roles.ts";

export interface TestDatabase {
  name: string;
  ownerUrl: string;
  appUrl: string;
  workerUrl: string;
  sealerUrl: string;
  /** Ends all sessions on the database and removes it. */
  drop(): Promise<void>;
}

/** A fresh copy of the migrated template. Only in `*.int.test.ts` files. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const { socketDir, ownerPassword, passwords, template } = inject("testCluster");
  const name = `test_${randomBytes(8).toString("hex")}`;
  const url = (role: string, password: string, database: string): string =>
    `postgresql://${role}:${password}@localhost/${database}?host=${encodeURIComponent(socketDir)}`;
  const ownerUrl = url(OWNER_ROLE, ownerPassword, name);
  const adminUrl = url(OWNER_ROLE, ownerPassword, "postgres");
  await withClient(adminUrl, async (client) => {
    // Roles belong to the whole cluster, the lock in `provisionRoles` to one database: test files that start together would meet there.
    await client.query("SELECT pg_advisory_lock(1)");
    await client.query(`CREATE DATABASE ${name} TEMPLATE ${template}`);
    await withClient(ownerUrl, (owner) => provisionRoles(owner, passwords));
  });
  return {
    name,
    ownerUrl,
    appUrl: url(LOGIN_ROLES.app, passwords.app, name),
    workerUrl: url(LOGIN_ROLES.worker, passwords.worker, name),
    sealerUrl: url(LOGIN_ROLES.sealer, passwords.sealer, name),
    drop: () =>
      withClient(adminUrl, async (client) => void (await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`))),
  };
}

async function withClient<T>(connectionString: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

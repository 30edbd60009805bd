/** One throw-away PostgreSQL for a whole test run; its migrated database is the template that every test's own is copied from. */
import type { TestProject } from "vitest/node";
import { startMigratedCluster } from "./cluster.ts";
import { DATABASE_NAME } from "#server/core/db/cluster.ts";
import type { RolePasswords } from "#server/core/db/roles.ts";

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
  const cluster = await startMigratedCluster({ durable: false });
  const { socketDir, ownerPassword, passwords } = cluster;
  project.provide("testCluster", { socketDir, ownerPassword, passwords, template: DATABASE_NAME });
  return () => cluster.stop();
}

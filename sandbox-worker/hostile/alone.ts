/** Test files that provoke the kernel's log, or read it, take turns: the log is one for the whole machine. */
import { Client } from "pg";
import { inject } from "vitest";
import { OWNER_ROLE } from "#server/core/db/cluster.ts";

const LOCK = 1326;

/** Waits for its turn. Returns what ends it. */
export async function kernelLogTurn(): Promise<() => Promise<void>> {
  const { socketDir, ownerPassword } = inject("testCluster");
  const client = new Client({ host: socketDir, user: OWNER_ROLE, password: ownerPassword, database: "postgres" });
  await client.connect();
  await client.query("SELECT pg_advisory_lock($1)", [LOCK]);
  return () => client.end();
}

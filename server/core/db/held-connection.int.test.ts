import type { Pool, PoolClient } from "pg";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../../tests/support/database.ts";
import { whileLocked, withConnection } from "#server/core/db/held-connection.ts";
import { inTransaction } from "#server/core/db/in-transaction.ts";
import { createPool } from "#server/core/db/pool.ts";

const KEY = 4_711;

let database: TestDatabase;
let pool: Pool;
/** Ends connections of the other. */
let other: Pool;
beforeEach(async () => {
  database = await createTestDatabase();
  // One connection: what is not given back is missed at once.
  pool = createPool({ connectionString: database.appUrl, name: "held", max: 1 });
  other = createPool({ connectionString: database.ownerUrl, name: "other" });
});
afterEach(async () => {
  await pool.end();
  await other.end();
  await database.drop();
});

const pidOf = async (client: PoolClient | Pool): Promise<number> =>
  (await client.query<{ pid: number }>("SELECT pg_backend_pid() AS pid")).rows[0]?.pid ?? 0;

/** Ends the connection while nothing is asked of it, and waits until its process knows. */
async function lose(client: PoolClient): Promise<void> {
  const known = new Promise((resolve) => client.once("end", resolve));
  await other.query("SELECT pg_terminate_backend($1)", [await pidOf(client)]);
  await known;
}

it.each([
  ["a connection", withConnection],
  ["a transaction", inTransaction],
  ["a lock", (from: Pool, work: (client: PoolClient) => Promise<unknown>) => whileLocked(from, KEY, work)],
] as const)("%s that is lost while it is held fails its work only, and the pool has a new one", async (_, hold) => {
  let lost = 0;
  const work = hold(pool, async (client) => {
    lost = await pidOf(client);
    await lose(client);
    await client.query("SELECT 1");
  });
  await expect(work).rejects.toThrow();
  expect([0, lost]).not.toContain(await pidOf(pool));
});

it("work that fails gives its connection back, without its transaction", async () => {
  const before = await pidOf(pool);
  const work = inTransaction(pool, async (client) => {
    await client.query("SET application_name = 'half way'");
    throw new Error("half way");
  });
  await expect(work).rejects.toThrow("half way");
  expect(await pidOf(pool)).toBe(before);
  expect((await pool.query("SHOW application_name")).rows).toEqual([{ application_name: "held" }]);
});

it("a connection that is said to be in the middle of something has no next user", async () => {
  const before = await pidOf(pool);
  await withConnection(pool, async (_, discard) => Promise.resolve(discard()));
  expect(await pidOf(pool)).not.toBe(before);
});

it.each([KEY, "a name"])("the lock %s is held by one at a time, and free behind work that failed", async (key) => {
  const second = createPool({ connectionString: database.appUrl, name: "second", max: 1 });
  try {
    const inside = await whileLocked(pool, key, () => whileLocked(second, key, () => Promise.resolve("both")));
    expect(inside).toBeNull();
    const failing = whileLocked(pool, key, async (client) => client.query("SELECT nonsense"));
    await expect(failing).rejects.toThrow("nonsense");
    expect(await whileLocked(second, key, () => Promise.resolve("free"))).toBe("free");
  } finally {
    await second.end();
  }
});

it("the lock of a lost connection is free for the next", async () => {
  await expect(
    whileLocked(pool, KEY, async (client) => lose(client).then(() => client.query("SELECT 1"))),
  ).rejects.toThrow();
  await expect.poll(() => whileLocked(pool, KEY, () => Promise.resolve("free"))).toBe("free");
});

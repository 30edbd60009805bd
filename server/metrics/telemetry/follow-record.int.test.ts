import type { Pool } from "pg";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../../tests/support/database.ts";
import { inTransaction } from "#server/core/db/in-transaction.ts";
import { createPool } from "#server/core/db/pool.ts";
import { createRecordFollower } from "#server/metrics/telemetry/follow-record.ts";

let database: TestDatabase;
let pool: Pool;
let owner: Pool;
beforeEach(async () => {
  database = await createTestDatabase();
  // One connection: a follower that did not give it back could not go on.
  pool = createPool({ connectionString: database.appUrl, name: "following", max: 1 });
  owner = createPool({ connectionString: database.ownerUrl, name: "owner" });
});
afterEach(async () => {
  await pool.end();
  await owner.end();
  await database.drop();
});

const cut = async (waiting: boolean): Promise<void> => {
  const sql =
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'following' AND (wait_event_type = 'Lock') = $1";
  await expect.poll(async () => (await owner.query(sql, [waiting])).rowCount, { timeout: 10_000 }).toBe(1);
};

it.each(["while it begins to follow", "while it reads"] as const)(
  "MON-1 a connection that is lost %s is given back, and the record is followed on a new one",
  async (when) => {
    const follower = createRecordFollower(pool);
    if (when === "while it reads") {
      expect(await follower.next()).toEqual([]);
    }
    const interrupted = await inTransaction(owner, async (holder) => {
      await holder.query("LOCK TABLE audit_event");
      const next = Promise.allSettled([follower.next()]);
      await cut(true);
      return next;
    });
    expect(interrupted).toMatchObject([{ status: "rejected" }]);
    expect(await follower.next()).toEqual([]);
    expect(pool.totalCount).toBe(1);
    await follower.close();
    expect(pool.totalCount).toBe(0);
  },
);

it("MON-1 a connection that is lost between two reads is given back", async () => {
  const follower = createRecordFollower(pool);
  expect(await follower.next()).toEqual([]);
  await cut(false);
  await expect.poll(() => pool.totalCount).toBe(0);
  expect(await follower.next()).toEqual([]);
  await follower.close();
});

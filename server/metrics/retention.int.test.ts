import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Pool } from "pg";
import { createTestDatabase, type TestDatabase } from "../../tests/support/database.ts";
import { inTransaction } from "#server/core/db/in-transaction.ts";
import { createPool } from "#server/core/db/pool.ts";
import { removeOld, type Retention } from "#server/metrics/retention.ts";

const HOUR = 3_600_000;
const RETENTION: Retention = { 60: 48 * HOUR, 3600: 90 * 24 * HOUR, 86_400: 730 * 24 * HOUR };
const NOW = Date.UTC(2026, 5, 1, 12);

let database: TestDatabase;
let pool: Pool;
beforeAll(async () => {
  database = await createTestDatabase();
  pool = createPool({ connectionString: database.appUrl, name: "test" });
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

describe("MON-1 buckets past their age", () => {
  it("MON-1 leave in steps, each width at its own age, while only one server works on them", async () => {
    // Six days of minutes, 100 days of hours, 800 days of days.
    await pool.query(
      `INSERT INTO metric_bucket SELECT 'requests', '', width, $1::timestamptz - n * width * interval '1 second', 1, 1, 1
       FROM (VALUES (60, 8640), (3600, 2400), (86400, 800)) AS of_width(width, length), generate_series(1, length) AS n`,
      [new Date(NOW)],
    );
    const removed = await Promise.all([1, 2, 3].map(() => removeOld(pool, RETENTION, NOW)));
    const kept = async () =>
      (
        await pool.query<object>(
          "SELECT seconds, count(*)::int AS n FROM metric_bucket GROUP BY seconds ORDER BY seconds",
        )
      ).rows;
    expect(removed.filter((count) => count > 0)).toHaveLength(1);
    expect(removed.reduce((sum, count) => sum + count, 0)).toBe(8640 - 2880 + 2400 - 2160 + 800 - 730);
    expect(await kept()).toEqual([
      { seconds: 60, n: 2880 },
      { seconds: 3600, n: 2160 },
      { seconds: 86_400, n: 730 },
    ]);
    expect(await removeOld(pool, RETENTION, NOW)).toBe(0);
  });

  it("MON-1 are left to the next look when the connection is lost on the way, and the server lives on", async () => {
    const owner = createPool({ connectionString: database.ownerUrl, name: "owner" });
    const removing = createPool({ connectionString: database.appUrl, name: "removing", max: 1 });
    await owner.query(`INSERT INTO metric_bucket VALUES ('requests', '', 60, to_timestamp(0), 1, 1, 1)`);
    const cut = await inTransaction(owner, async (holder) => {
      await holder.query("LOCK TABLE metric_bucket");
      const work = Promise.allSettled([removeOld(removing, RETENTION, NOW)]);
      const end =
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'removing' AND wait_event_type = 'Lock'";
      await expect.poll(async () => (await owner.query(end)).rowCount, { timeout: 10_000 }).toBe(1);
      return work;
    });
    expect(cut).toMatchObject([{ status: "rejected" }]);
    await expect.poll(() => removeOld(removing, RETENTION, NOW)).toBe(1);
    await Promise.all([owner.end(), removing.end()]);
  });
});

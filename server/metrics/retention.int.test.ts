import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Pool } from "pg";
import { createTestDatabase, type TestDatabase } from "../../tests/support/database.ts";
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
});

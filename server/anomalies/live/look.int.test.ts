import type { Pool } from "pg";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../../tests/support/database.ts";
import { lookAround, type WatchSettings } from "#server/anomalies/live/look.ts";
import { createPool } from "#server/core/db/pool.ts";

const MINUTE = 60_000;
const DAY = 1440 * MINUTE;
/** A Monday, at a whole step. */
const START = Date.UTC(2026, 2, 2);
const SETTINGS: WatchSettings = { threshold: 0.8, windowMs: 60 * MINUTE, metrics: ["authentication_failures"] };

let database: TestDatabase;
let pool: Pool;
let owner: Pool;
beforeEach(async () => {
  database = await createTestDatabase();
  pool = createPool({ connectionString: database.appUrl, name: "test" });
  owner = createPool({ connectionString: database.ownerUrl, name: "owner" });
});
afterEach(async () => {
  await pool.end();
  await owner.end();
  await database.drop();
});

/** So many failures in each minute of the time, all of one address; minutes and hours as the sealer writes them. */
async function fail(
  from: number,
  to: number,
  every: number,
  count: number,
  subject = "address:10.0.0.7",
): Promise<void> {
  for (const seconds of [60, 3600]) {
    await pool.query(
      `INSERT INTO metric_bucket (metric, subject, seconds, at, count, sum, max)
       SELECT 'authentication_failures', subject, $1, to_timestamp(floor(extract(epoch FROM at) / $1::int) * $1::int), sum($2::int), 0, 0
       FROM generate_series($3::timestamptz, $4::timestamptz - interval '1 second', $5::int * interval '1 minute') AS at,
         unnest(ARRAY['', $6]) AS subject GROUP BY 2, 4
       ON CONFLICT (metric, subject, seconds, at) DO UPDATE SET count = metric_bucket.count + excluded.count`,
      [seconds, count, new Date(from), new Date(to), every, subject],
    );
  }
}

const look = (now: number, over: Partial<WatchSettings> = {}) => lookAround(pool, { ...SETTINGS, ...over }, now);
const rows = async <Row extends object>(sql: string): Promise<Row[]> => (await pool.query<Row>(sql)).rows;
const episodes = () =>
  rows<{
    subject: string;
    score: number;
    value: number;
    expected_high: number;
    ended_at: Date | null;
    started_at: Date;
  }>("SELECT * FROM anomaly ORDER BY started_at, id");
/** Events on their way to the sealer, which only the owner of the database and the sealer can read. */
const recorded = async (): Promise<{ event: string; target: string; data: Record<string, unknown> }[]> => {
  const { rows: batches } = await owner.query<{ events: string }>("SELECT events FROM audit_intake ORDER BY id");
  return batches.flatMap(
    ({ events }) => JSON.parse(events) as { event: string; target: string; data: Record<string, unknown> }[],
  );
};
const state = () =>
  rows<{ subject: string; up_to: Date; state: { rows: number } }>("SELECT * FROM anomaly_series ORDER BY subject");

describe("MON-1 the live watch", () => {
  it("MON-1 learns what was there, finds an attack within two windows, records it once with its evidence, and ends it", async () => {
    await fail(START, START + 4 * DAY, 30, 1);
    const begin = START + 4 * DAY;
    await look(START + DAY + MINUTE);
    expect(await look(begin + MINUTE)).toBe(true);
    expect(await episodes()).toEqual([]);

    await fail(begin, begin + 120 * MINUTE, 1, 5, "address:198.51.100.66");
    for (let minute = 5; minute <= 120; minute += 5) await look(begin + minute * MINUTE + MINUTE);
    const [episode, ...more] = await episodes();
    expect(more).toEqual([]);
    expect(episode?.score).toBeGreaterThan(0.8);
    expect(episode?.value).toBeGreaterThan(episode?.expected_high ?? NaN);
    expect((episode?.started_at.getTime() ?? NaN) - begin).toBeLessThanOrEqual(120 * MINUTE);
    const [event, ...others] = await recorded();
    expect(others).toEqual([]);
    expect(event).toMatchObject({ event: "anomaly.detected", target: `authentication_failures/${episode?.subject}` });
    expect(event?.data).toMatchObject({
      metric: "authentication_failures",
      windowSeconds: 3600,
      events: { kind: "authentication_failure" },
    });
    expect(JSON.stringify(event?.data)).toContain("198.51.100.66");

    for (let minute = 125; minute <= 300; minute += 5) await look(begin + minute * MINUTE + MINUTE);
    expect((await episodes())[0]?.ended_at).not.toBeNull();
    expect((await recorded()).map(({ event: name }) => name)).toEqual(["anomaly.detected", "anomaly.ended"]);
  });

  it("MON-1 goes on after an absence without replaying or skipping", async () => {
    await fail(START, START + 3 * DAY, 7, 1);
    await look(START + DAY + MINUTE);
    const before = (await state()).find(({ subject }) => subject === "");
    // Two days later, in one go; then the same again.
    await look(START + 3 * DAY + MINUTE);
    const after = (await state()).find(({ subject }) => subject === "");
    expect((after?.state.rows ?? 0) - (before?.state.rows ?? 0)).toBe((2 * DAY) / (5 * MINUTE));
    await look(START + 3 * DAY + MINUTE);
    expect(await state()).toEqual(await state());
    expect((await state()).find(({ subject }) => subject === "")?.state.rows).toBe(after?.state.rows);
  });

  it("MON-1 two servers that look at the same time look once", async () => {
    await fail(START, START + DAY, 7, 1);
    await Promise.all([look(START + DAY + MINUTE), look(START + DAY + MINUTE), look(START + DAY + MINUTE)]);
    await look(START + DAY + MINUTE);
    const [total] = await state();
    expect(total?.subject).toBe("");
    expect(total?.state.rows).toBe(DAY / (5 * MINUTE));
  });

  it("MON-1 a look that fails in the middle leaves nothing behind, and the next makes up for it", async () => {
    await fail(START, START + 4 * DAY, 30, 1);
    const begin = START + 4 * DAY;
    await look(START + DAY + MINUTE);
    await look(begin + MINUTE);
    const before = await state();
    await fail(begin, begin + 60 * MINUTE, 1, 10, "address:198.51.100.66");
    await owner.query("REVOKE INSERT ON audit_intake FROM openclaw_app");
    await expect(look(begin + 61 * MINUTE)).rejects.toThrow();
    expect([await state(), await episodes()]).toEqual([before, []]);
    await owner.query("GRANT INSERT ON audit_intake TO openclaw_app");
    await look(begin + 61 * MINUTE);
    expect(await episodes()).toHaveLength(1);
  });

  it("MON-1 another window begins anew, another threshold at once, and a metric that is left out is forgotten", async () => {
    await fail(START, START + 4 * DAY, 30, 1);
    const begin = START + 4 * DAY;
    await look(START + DAY + MINUTE);
    await look(begin + MINUTE);
    await fail(begin, begin + 60 * MINUTE, 1, 10);
    await look(begin + 61 * MINUTE, { threshold: 1 });
    expect(await episodes()).toEqual([]);
    await look(begin + 66 * MINUTE, { windowMs: 30 * MINUTE });
    expect(
      new Set(
        (await rows<{ window_seconds: number }>("SELECT window_seconds FROM anomaly_series")).map(
          (row) => row.window_seconds,
        ),
      ),
    ).toEqual(new Set([1800]));
    await look(begin + 70 * MINUTE, { metrics: ["message_volume"] });
    expect(await rows("SELECT 1 FROM anomaly_series WHERE metric = 'authentication_failures'")).toEqual([]);
  });
});

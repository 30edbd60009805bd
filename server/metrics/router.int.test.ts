import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Pool } from "pg";
import { callerOf, memberSession } from "../../tests/support/console-caller.ts";
import { createTestDatabase, type TestDatabase } from "../../tests/support/database.ts";
import { createAuditWriter, createCollapser, type AuditWriter } from "#server/audit/index.ts";
import { createPool } from "#server/core/db/pool.ts";
import { createLogger } from "#server/core/log.ts";
import { RANGE_NAMES, RANGES } from "#server/metrics/policy.ts";
import { METRIC_NAMES } from "#server/metrics/schema.ts";

const NOW = Date.UTC(2026, 2, 10, 14, 20, 30);
const HOUR = 3_600_000;

let database: TestDatabase;
let pool: Pool;
let audit: AuditWriter;

beforeAll(async () => {
  database = await createTestDatabase();
  pool = createPool({ connectionString: database.appUrl, name: "test" });
  audit = createAuditWriter({ pool, log: createLogger("test", "silent") });
  const insert = (metric: string, subject: string, ago: number, count: number, sum: number, max: number) =>
    pool.query(
      `INSERT INTO metric_bucket SELECT $1, $2, width, to_timestamp(floor($3::float8 / width) * width), $4, $5, $6
       FROM unnest('{60,3600,86400}'::int[]) AS width
       ON CONFLICT (metric, subject, seconds, at) DO UPDATE SET count = metric_bucket.count + excluded.count,
         sum = metric_bucket.sum + excluded.sum, max = greatest(metric_bucket.max, excluded.max)`,
      [metric, subject, (NOW - ago) / 1000, count, sum, max],
    );
  for (const [subject, count] of [
    ["", 12],
    ["user:ana", 7],
    ["user:bo", 5],
  ] as const) {
    await insert("authentication_failures", subject, 0, count, count, count);
  }
  await insert("authentication_failures", "", 30 * 60_000, 1, 1, 1);
  await insert("authentication_failures", "", 5 * HOUR, 100, 100, 100);
  await insert("model_spend_usd", "", 20 * 60_000, 3, 0.25, 0.2);
  await insert("memory_bytes", "", 0, 6, 600, 120);
});
afterAll(async () => {
  await audit.close();
  await pool.end();
  await database.drop();
});

const as = (...permissions: string[]) => {
  const services = { pool, audit, refusals: createCollapser(audit), clock: { now: () => NOW } };
  return callerOf(services, memberSession("mem_ana", { permissions })).metrics;
};

describe("MON-1 measurements in the console", () => {
  it("MON-1 gives every metric of a time, in bars of the value that counts for it", async () => {
    const { metrics, fromMs, toMs, barMs } = await as("monitoring:read").overview({ range: "1h" });
    expect([new Date(fromMs).toISOString(), new Date(toMs).toISOString(), barMs]).toEqual([
      "2026-03-10T13:21:00.000Z",
      "2026-03-10T14:21:00.000Z",
      60_000,
    ]);
    expect(metrics.map(({ metric }) => metric)).toEqual(METRIC_NAMES);
    const of = (name: string) => metrics.find(({ metric }) => metric === name);
    expect(of("authentication_failures")?.total).toEqual({ count: 13, sum: 13, max: 12 });
    expect(of("authentication_failures")?.bars.at(-1)).toBe(12);
    expect(of("authentication_failures")?.bars.at(-31)).toBe(1);
    expect(of("model_spend_usd")?.bars.at(-21)).toBe(0.25);
    expect(of("memory_bytes")?.bars.at(-1)).toBe(120);
    expect(of("runs")?.bars).toEqual(Array.from({ length: 60 }).fill(0));
  });

  it("MON-1 says the same in total whatever the time, and has every bar", async () => {
    for (const range of RANGE_NAMES) {
      const { bars, subjects, fromMs, toMs, barMs } = await as("monitoring:read").detail({
        range,
        metric: "authentication_failures",
        subject: "",
      });
      expect(bars, range).toHaveLength((toMs - fromMs) / barMs);
      expect(bars.length, range).toBeLessThanOrEqual(61);
      expect(
        bars.reduce((sum, { count }) => sum + count, 0),
        range,
      ).toBe(RANGES[range].hours > 5 ? 113 : 13);
      expect(
        subjects.map(({ subject, count }) => [subject, count]),
        range,
      ).toEqual([
        ["user:ana", 7],
        ["user:bo", 5],
      ]);
    }
    const ana = await as("monitoring:read").detail({
      range: "24h",
      metric: "authentication_failures",
      subject: "user:ana",
    });
    expect(ana.bars.reduce((sum, { count }) => sum + count, 0)).toBe(7);
  });

  it("MON-1 tells nothing without monitoring:read, and nothing about what is no metric", async () => {
    await expect(as("audit:read").overview({ range: "1h" })).rejects.toMatchObject({ cause: { code: "FORBIDDEN" } });
    const wrong = { range: "1h", metric: "nothing", subject: "" };
    await expect(as("monitoring:read").detail(wrong as never)).rejects.toMatchObject({ code: "BAD_REQUEST" });
  });
});

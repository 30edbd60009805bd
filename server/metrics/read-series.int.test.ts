import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Pool } from "pg";
import { createTestDatabase, type TestDatabase } from "../../tests/support/database.ts";
import { createPool } from "#server/core/db/pool.ts";
import { listSubjects, readSeries } from "#server/metrics/index.ts";

let database: TestDatabase;
let pool: Pool;
const at = (text: string): Date => new Date(`2026-03-01T${text}Z`);

beforeAll(async () => {
  database = await createTestDatabase();
  pool = createPool({ connectionString: database.appUrl, name: "test" });
  const row = (subject: string, seconds: number, minute: string, count: number, sum: number, max: number) =>
    pool.query("INSERT INTO metric_bucket VALUES ('file_access_patterns', $1, $2, $3, $4, $5, $6)", [
      subject,
      seconds,
      at(minute),
      count,
      sum,
      max,
    ]);
  await row("", 60, "10:01:00", 3, 300, 200);
  await row("", 60, "10:04:00", 1, 7, 7);
  await row("", 3600, "10:00:00", 4, 307, 200);
  await row("user:ana", 60, "10:01:00", 1, 299, 299);
  await row("user:bo", 60, "10:01:00", 2, 1, 1);
  await row("user:bo", 60, "10:04:00", 1, 7, 7);
  await row("other:user", 60, "10:04:00", 9, 7, 7);
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

describe("MON-1 reading what was measured", () => {
  it("MON-1 gives every bucket of the time and fills gaps with zeros", async () => {
    const query = { metric: "file_access_patterns", subject: "", seconds: 60 } as const;
    const series = await readSeries(pool, { ...query, from: at("10:00:30"), to: at("10:05:00") });
    expect(series.map((point) => [point.at.toISOString().slice(11, 16), point.count, point.sum, point.max])).toEqual([
      ["10:00", 0, 0, 0],
      ["10:01", 3, 300, 200],
      ["10:02", 0, 0, 0],
      ["10:03", 0, 0, 0],
      ["10:04", 1, 7, 7],
    ]);
    expect(await readSeries(pool, { ...query, from: at("10:04:00"), to: at("10:04:00") })).toEqual([]);
  });

  it("MON-1 refuses more buckets than a reader could use, naming the field", async () => {
    const query = { metric: "requests", subject: "", seconds: 60, from: new Date(0), to: at("10:00:00") } as const;
    await expect(readSeries(pool, query)).rejects.toMatchObject({
      code: "INVALID_INPUT",
      message: expect.stringMatching(/^from, to: /) as string,
    });
  });

  it("MON-1 lists the subjects with the most, those without a place of their own last", async () => {
    const query = { metric: "file_access_patterns", from: at("10:01:40"), to: at("10:05:00"), limit: 2 } as const;
    expect(await listSubjects(pool, query)).toEqual([
      { subject: "user:bo", count: 3, sum: 8, max: 7 },
      { subject: "user:ana", count: 1, sum: 299, max: 299 },
    ]);
    expect((await listSubjects(pool, { ...query, limit: 9 })).map(({ subject }) => subject)).toEqual([
      "user:bo",
      "user:ana",
      "other:user",
    ]);
  });
});

/**
 * Attacks from what is measured to the alert that is sent: made-up traffic in the table of metrics, the live watch, the record, and the rule that
 * comes with the product. The watch alone, over weeks and many seeds, is in `server/anomalies/watch.test.ts`.
 */
import { afterEach, beforeEach, expect, test } from "vitest";
import { openAlertBench, type AlertBench } from "./support/alerts.ts";
import { attackedTraffic, type AttackName } from "./support/attack-replay.ts";
import type { TestRow } from "./support/audit-rows.ts";
import { lookAround } from "#server/anomalies/live/look.ts";
import type { METRICS } from "#server/metrics/schema.ts";

const MINUTE = 60_000;
const DAY = 1_440;
const WINDOW = 60;
const STEP = 5;

let bench: AlertBench;
beforeEach(async () => {
  bench = await openAlertBench({ builtins: true });
});
afterEach(() => bench.close());

/** Buckets of a minute and of an hour, as whoever measures writes them. */
async function measured(metric: keyof typeof METRICS, start: number, minutes: readonly Map<string, number>[]) {
  const rows = minutes.flatMap((subjects, minute) => {
    const all = [...subjects];
    const total = all.reduce((sum, [, value]) => sum + value, 0);
    return [["", total] as const, ...all].map(([subject, value]) => ({
      subject,
      at: new Date(start + minute * MINUTE),
      value,
    }));
  });
  for (const seconds of [60, 3600]) {
    await bench.sql(
      `INSERT INTO metric_bucket (metric, subject, seconds, at, count, sum, max)
       SELECT $1, subject, $2::int, to_timestamp(floor(extract(epoch FROM at) / $2::int) * $2::int), round(sum(value)), sum(value), max(value)
       FROM json_to_recordset($3::json) AS row (subject text, at timestamptz, value float8) WHERE value > 0 GROUP BY subject, 4`,
      [metric, seconds, JSON.stringify(rows)],
    );
  }
}

/** As the sealer would: what waits becomes part of the record. */
async function sealWaiting(): Promise<void> {
  const batches = await bench.sql<{ events: string }>("DELETE FROM audit_intake RETURNING id, events");
  await bench.seal(batches.flatMap(({ events }) => JSON.parse(events) as TestRow[]));
}

/** A slow one stands out from a day only once it is known what the days of the week are like. */
test.each<[AttackName, quietDays: number]>([
  ["credential stuffing, one address", 4],
  ["message flood", 4],
  ["slow scan of files", 14],
  ["cost spike", 4],
])(
  "MON-1 MON-2 %s: an alert fires within two windows, and of %i days of normal traffic before it one a week at most",
  { timeout: 240_000 },
  async (name, quietDays) => {
    const { metric, minutes, begin, start } = attackedTraffic(1, name, quietDays);
    await measured(metric, start, minutes.slice(0, begin + 2 * WINDOW));
    const settings = { threshold: 0.8, windowMs: WINDOW * MINUTE, metrics: [metric] };
    const at = async (minute: number): Promise<string[]> => {
      bench.now = start + minute * MINUTE + MINUTE;
      await lookAround(bench.pool, settings, bench.now);
      await sealWaiting();
      await bench.round();
      return (await bench.alerts()).filter(({ rule_name }) => rule_name === "Unusual activity").map(({ id }) => id);
    };
    for (let day = 1; day <= quietDays; day += 1) {
      await at(day * DAY);
    }
    const before = new Set(await at(begin));
    expect(before.size).toBeLessThanOrEqual(Math.ceil(quietDays / 7));
    let detectedAfter: number | null = null;
    for (let minute = STEP; minute <= 2 * WINDOW && detectedAfter === null; minute += STEP) {
      detectedAfter = (await at(begin + minute)).some((id) => !before.has(id)) ? minute : null;
    }
    expect(detectedAfter).not.toBeNull();
  },
);

/** The real sealer counts what it seals: in the same transaction, or not at all. */
import { Client } from "pg";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openRecordBench, type RecordBench } from "../../../tests/support/record-bench.ts";
import type { AuditEventInput } from "#server/audit/schema.ts";
import { createAuditWriter, type AuditWriter } from "#server/audit/writer.ts";
import { createPool } from "#server/core/db/pool.ts";
import { createLogger } from "#server/core/log.ts";
import { readSeries } from "#server/metrics/index.ts";

let bench: RecordBench;
let writer: AuditWriter;
beforeEach(async () => {
  bench = await openRecordBench();
  const app = createPool({ connectionString: bench.database.appUrl, name: "test" });
  writer = createAuditWriter({ pool: app, log: createLogger("test", "silent") });
  const close = writer.close.bind(writer);
  writer.close = async () => {
    await close();
    await app.end();
  };
});
afterEach(async () => {
  await writer.close();
  await bench.close();
});

/** What the buckets hold beside what the record says they should. */
async function compared(): Promise<object[]> {
  const { rows } = await bench.pool.query<object>(
    `WITH recorded AS (
       SELECT width AS seconds, to_timestamp(floor(extract(epoch FROM at) / width) * width) AS at, subject,
         sum(greatest(1, coalesce((data->>'count')::bigint, 1))) AS count
       FROM audit_event, unnest('{60,3600,86400}'::int[]) AS width,
         LATERAL (VALUES (''), ('address:' || address)) AS of_event(subject)
       WHERE kind = 'authentication_failure' GROUP BY 1, 2, 3),
     counted AS (SELECT seconds, at, subject, count FROM metric_bucket WHERE metric = 'authentication_failures')
     SELECT * FROM recorded FULL JOIN counted USING (seconds, at, subject) WHERE recorded.count IS DISTINCT FROM counted.count`,
  );
  return rows;
}

const failure = (n: number, at: Date): AuditEventInput => ({
  event: "auth.token_rejected",
  outcome: "denied",
  actor: { type: "anonymous", id: "192.0.2.1" },
  address: `192.0.2.${n % 7}`,
  reason: "unknown",
  at,
  data: n % 3 === 0 ? { count: n } : {},
});

describe("MON-1 counting what is sealed", () => {
  it("MON-1 buckets of minute, hour and day hold what the record holds, also of what comes late", async () => {
    const now = Date.now();
    const ago = (n: number) => new Date(now - (n % 5) * 11 * 60_000 - (n % 2) * 40 * 3_600_000);
    await writer.append(Array.from({ length: 300 }, (_, n) => failure(n, ago(n))));
    await bench.sealAll();
    expect(await compared()).toEqual([]);
    // A second sealer adds to buckets that the first one began.
    await writer.append(Array.from({ length: 50 }, (_, n) => failure(n, ago(n))));
    await bench.sealAll();
    expect(await compared()).toEqual([]);
    const day = { metric: "authentication_failures", subject: "", seconds: 86_400 } as const;
    const series = await readSeries(bench.pool, { ...day, from: new Date(now - 3 * 86_400_000), to: new Date(now) });
    const expected = [300, 50].map((count) =>
      Array.from({ length: count }, (_, n) => (n % 3 === 0 ? Math.max(1, n) : 1)).reduce(
        (sum, times) => sum + times,
        0,
      ),
    );
    expect(series.reduce((sum, { count }) => sum + count, 0)).toBe((expected[0] ?? 0) + (expected[1] ?? 0));
  });

  it("MON-1 counts nothing twice and nothing never when the connection is lost between record and count", async () => {
    const now = new Date();
    const holder = new Client({ connectionString: bench.database.ownerUrl });
    await holder.connect();
    const backend = `datname = current_database() AND application_name = 'openclaw-sealer' AND wait_event_type = 'Lock'`;
    const sealer = await bench.open();
    try {
      for (let round = 0; round < 3; round += 1) {
        await holder.query("BEGIN; LOCK TABLE metric_bucket IN SHARE MODE");
        await writer.append(Array.from({ length: 400 }, (_, n) => failure(n, now)));
        // The rows of the record are written and not committed; counting them waits for the lock.
        await expect
          .poll(() => holder.query(`SELECT FROM pg_stat_activity WHERE ${backend}`), { timeout: 20_000 })
          .toMatchObject({ rowCount: 1 });
        const cut = await holder.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${backend}`);
        expect(cut.rowCount).toBe(1);
        await holder.query("ROLLBACK");
        await expect
          .poll(() => bench.pool.query("SELECT FROM audit_event"), { timeout: 20_000 })
          .toMatchObject({ rowCount: 400 * (round + 1) });
        expect(await compared()).toEqual([]);
      }
    } finally {
      await holder.end();
      await sealer.close();
    }
  }, 90_000);
});

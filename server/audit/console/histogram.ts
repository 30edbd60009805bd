/** When the events that a search finds happened, by outcome: from the tally where it can answer, otherwise of the newest ones. */
import type { Pool } from "pg";
import type { Histogram } from "#server/audit/console/schema.ts";
import type { AuditSearch } from "#server/audit/filter.ts";
import { newestSeqs } from "#server/audit/reading/newest-seqs.ts";
import { HOUR_MS, histogram } from "#server/audit/reading/tally.ts";

/** Bars that a chart has room for at most. */
const BARS = 60;
const MINUTE_MS = 60_000;
const WIDTHS_MS = [
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * MINUTE_MS),
  ...[1, 2, 3, 6, 12, 24, 48, 7 * 24, 30 * 24, 90 * 24, 366 * 24].map((hours) => hours * HOUR_MS),
];

interface Bar {
  startMs: number;
  outcome: string;
  count: number;
}

const NOTHING: Histogram = { fromMs: 0, toMs: 0, bucketMs: HOUR_MS, buckets: [], countedFromMs: null };

export async function readHistogram(pool: Pool, search: AuditSearch, nowMs: number): Promise<Histogram> {
  const toMs = Math.min(search.until?.getTime() ?? Infinity, nowMs + 1);
  const { user, channel, actor, target, tokenId, address, requestId, correlationId, reason } = search;
  const byRows = [user, channel, actor, target, tokenId, address, requestId, correlationId, reason].some(
    (value) => value !== undefined,
  );
  if (!byRows) {
    const sinceMs = search.since?.getTime() ?? (await oldestHour(pool));
    const bucketMs = sinceMs === null ? HOUR_MS : widthFor(sinceMs, toMs);
    if (sinceMs !== null && bucketMs >= HOUR_MS) {
      const fromMs = floorTo(sinceMs, bucketMs);
      const bars = await histogram(pool, { ...search, since: new Date(fromMs) }, bucketMs / HOUR_MS);
      return chart(bars, { fromMs, toMs, bucketMs, countedFromMs: null });
    }
  }
  return ofNewest(pool, search, toMs);
}

async function ofNewest(pool: Pool, search: AuditSearch, toMs: number): Promise<Histogram> {
  const { seqs, more } = await newestSeqs(pool, search);
  if (seqs.length === 0) {
    const sinceMs = search.since?.getTime();
    return sinceMs === undefined || more
      ? NOTHING
      : chart([], { fromMs: sinceMs, toMs, bucketMs: widthFor(sinceMs, toMs), countedFromMs: null });
  }
  const { rows: ends } = await pool.query<{ oldestMs: number }>(
    `SELECT (extract(epoch FROM min(at)) * 1000)::float8 AS "oldestMs" FROM audit_event WHERE seq = ANY($1::bigint[])`,
    [seqs],
  );
  const oldestMs = ends[0]?.oldestMs ?? toMs;
  const sinceMs = Math.min(search.since?.getTime() ?? oldestMs, toMs - 1);
  const bucketMs = widthFor(sinceMs, toMs);
  const { rows } = await pool.query<Bar>(
    `SELECT (floor(extract(epoch FROM at) * 1000 / $2::float8) * $2::float8)::float8 AS "startMs", outcome, count(*) AS count
     FROM audit_event WHERE seq = ANY($1::bigint[]) GROUP BY 1, 2`,
    [seqs, bucketMs],
  );
  return chart(rows, { fromMs: floorTo(sinceMs, bucketMs), toMs, bucketMs, countedFromMs: more ? oldestMs : null });
}

/** Bars without events are there too, so that a quiet time shows as one. */
function chart(bars: readonly Bar[], frame: Omit<Histogram, "buckets">): Histogram {
  const buckets = new Map<number, Histogram["buckets"][number]>();
  const lastMs = Math.min(frame.toMs, frame.fromMs + (BARS + 1) * frame.bucketMs);
  for (let startMs = floorTo(frame.fromMs, frame.bucketMs); startMs < lastMs; startMs += frame.bucketMs) {
    buckets.set(startMs, { startMs, ok: 0, denied: 0, failed: 0 });
  }
  for (const { startMs, outcome, count } of bars) {
    const bucket = buckets.get(startMs);
    if (bucket !== undefined) {
      bucket[outcome === "denied" || outcome === "failed" ? outcome : "ok"] += count;
    }
  }
  return { ...frame, buckets: [...buckets.values()] };
}

const floorTo = (ms: number, widthMs: number): number => Math.floor(ms / widthMs) * widthMs;

const widthFor = (fromMs: number, toMs: number): number =>
  WIDTHS_MS.find((width) => (toMs - fromMs) / width <= BARS) ?? WIDTHS_MS.at(-1) ?? HOUR_MS;

async function oldestHour(pool: Pool): Promise<number | null> {
  const { rows } = await pool.query<{ hour: Date | null }>("SELECT min(hour) AS hour FROM audit_tally WHERE count > 0");
  return rows[0]?.hour?.getTime() ?? null;
}

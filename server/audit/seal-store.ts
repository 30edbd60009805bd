/** Sealed rows on their way into the database: the rows themselves, and what they add to the counts. */
import type { PoolClient } from "pg";
import type { SealedRow } from "#server/audit/chain.ts";

// `$1` holds the very texts that were hashed. Hashes are 32 bytes each of `$2`: far less to send than one per row.
const STORE_SQL = `
INSERT INTO audit_event (seq, at, event, code, kind, severity, outcome, actor_type, actor_id, token_id, user_id,
  channel, address, request_id, correlation_id, target, reason, because, data, hash)
SELECT seq, at, event, code, kind, severity, outcome, "actorType", "actorId", "tokenId", "userId",
  channel, address, "requestId", "correlationId", target, reason, because, data,
  substring($2::bytea FROM ((seq - $3::bigint - 1) * 32 + 1)::int FOR 32)
FROM json_to_recordset($1::json) AS row(seq bigint, at timestamptz, event text, code text, kind text, severity text, outcome text,
  "actorType" text, "actorId" text, "tokenId" text, "userId" text, channel text, address text, "requestId" text,
  "correlationId" text, target text, reason text, because text, data jsonb)`;

const TALLY_SQL = `
INSERT INTO audit_tally AS tally (hour, event, outcome, count, min_seq, max_seq)
SELECT * FROM unnest($1::timestamptz[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[])
ON CONFLICT (hour, event, outcome) DO UPDATE SET count = tally.count + excluded.count,
  min_seq = least(tally.min_seq, excluded.min_seq), max_seq = greatest(tally.max_seq, excluded.max_seq)`;

/**
 * To be called in a transaction.
 * @param texts the canonical JSON of each row. @param fromSeq the row that they follow.
 */
export async function storeSealed(
  client: PoolClient,
  texts: readonly string[],
  sealed: readonly SealedRow[],
  fromSeq: number,
): Promise<void> {
  const values = [`[${texts.join(",")}]`, Buffer.concat(sealed.map((row) => row.hash)), fromSeq];
  const { rowCount } = await client.query({ name: "audit-store", text: STORE_SQL, values });
  if (rowCount !== sealed.length) {
    throw new Error(`${rowCount ?? 0} of ${sealed.length} rows stored; the step is undone`);
  }
  const tallies = tally(sealed);
  await client.query({
    name: "audit-tally",
    text: TALLY_SQL,
    values: [
      tallies.map(({ hour }) => hour),
      tallies.map(({ event }) => event),
      tallies.map(({ outcome }) => outcome),
      tallies.map(({ count }) => count),
      tallies.map(({ minSeq }) => minSeq),
      tallies.map(({ maxSeq }) => maxSeq),
    ],
  });
}

interface Tally {
  hour: string;
  event: string;
  outcome: string;
  count: number;
  minSeq: number;
  maxSeq: number;
}

/** How many events of each name and outcome each hour holds. */
function tally(sealed: readonly SealedRow[]): Tally[] {
  const tallies = new Map<string, Tally>();
  for (const { row } of sealed) {
    const { event, outcome, seq } = row;
    const hour = `${row.at.slice(0, "2026-01-01T00".length)}:00:00Z`;
    // No name or outcome holds a control character (`sanitize.ts`).
    const key = `${hour}\n${event}\n${outcome}`;
    const found = tallies.get(key);
    if (found === undefined) {
      tallies.set(key, { hour, event, outcome, count: 1, minSeq: seq, maxSeq: seq });
    } else {
      found.count += 1;
      found.maxSeq = seq;
    }
  }
  return [...tallies.values()];
}

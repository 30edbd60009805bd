/** One step of the sealer: batches leave the intake and become sealed rows, in one transaction. */
import { hash } from "node:crypto";
import type { PoolClient } from "pg";
import { advance, canonicalRow, type ChainRow, type ChainState, type SealedRow } from "#server/audit/chain.ts";
import { parseEntries, toEntries, type AuditBatchEntry } from "#server/audit/entry.ts";
import { isAuditEvent, meaningOf } from "#server/audit/events.ts";
import { readOldest, type IntakeBatch } from "#server/audit/intake.ts";
import { writeSealerState } from "#server/audit/key-files.ts";
import type { Mirror } from "#server/audit/mirror.ts";
import { sanitizeData } from "#server/audit/sanitize.ts";

export interface SealStep {
  state: ChainState;
  /** Others are waiting behind the batches of this step. */
  more: boolean;
}

/**
 * Seals the oldest batches. The key's position is stored after the commit, so a crash in between leaves a position that lags behind,
 * which `recoverChain` makes up for; the other way round, the key to seal would be lost.
 */
export async function sealBatches(
  client: PoolClient,
  from: ChainState,
  keysDir: string,
  mirror: Mirror,
): Promise<SealStep> {
  const { batches, more } = await readOldest(client);
  if (batches.length === 0) {
    return { state: from, more };
  }
  let state = from;
  const sealed: SealedRow[] = [];
  const texts: string[] = [];
  for (const entry of batches.flatMap((batch) => entriesOf(batch.events))) {
    const row = place(entry, state.seq + 1);
    const text = canonicalRow(row);
    state = advance(state, text);
    sealed.push({ row, hash: state.hash });
    texts.push(text);
  }
  await client.query("BEGIN");
  await store(client, texts, sealed, from.seq);
  await takeOut(client, batches);
  await client.query("COMMIT");
  await mirror.append(sealed);
  writeSealerState(keysDir, state);
  return { state, more };
}

/** Every batch leaves at least one event behind: one that nobody could have written honestly is itself on record. */
function entriesOf(text: string): AuditBatchEntry[] {
  return (
    parseEntries(text) ??
    toEntries(
      [
        {
          event: "audit.batch_unreadable",
          outcome: "failed",
          actor: { type: "system", id: "sealer" },
          data: { bytes: Buffer.byteLength(text), sha256: hash("sha256", text) },
        },
      ],
      undefined,
    )
  );
}

/** What the chain hashes. Code, kind and severity come from the catalogue, whatever the writer would like them to be. */
function place(entry: AuditBatchEntry, seq: number): ChainRow {
  const at = new Date(entry.at).toISOString();
  if (isAuditEvent(entry.event)) {
    return { ...entry, ...meaningOf(entry.event), at, data: entry.data ?? {}, seq };
  }
  const event = "audit.event_unknown";
  return {
    ...entry,
    ...meaningOf(event),
    event,
    at,
    data: sanitizeData({ event: entry.event, data: entry.data }),
    seq,
  };
}

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

async function store(client: PoolClient, texts: string[], sealed: SealedRow[], fromSeq: number): Promise<void> {
  const values = [`[${texts.join(",")}]`, Buffer.concat(sealed.map((row) => row.hash)), fromSeq];
  const { rowCount } = await client.query({ name: "audit-store", text: STORE_SQL, values });
  expectCount(rowCount, sealed.length, "rows stored");
}

const TAKE_OUT_SQL = "DELETE FROM audit_intake WHERE id = ANY($1::bigint[])";

async function takeOut(client: PoolClient, batches: readonly IntakeBatch[]): Promise<void> {
  const ids = batches.map((batch) => batch.id);
  const { rowCount } = await client.query({ name: "audit-take-out", text: TAKE_OUT_SQL, values: [ids] });
  expectCount(rowCount, batches.length, "batches taken out");
}

function expectCount(count: number | null, expected: number, what: string): void {
  if (count !== expected) {
    throw new Error(`${count ?? 0} of ${expected} ${what}; the step is undone`);
  }
}

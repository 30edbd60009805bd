/** One step of the sealer: batches leave the intake and become sealed rows, in one transaction. */
import { hash } from "node:crypto";
import type { PoolClient } from "pg";
import { advance, canonicalRow, recordLine, type ChainRow, type SealedRow } from "#server/audit/chain.ts";
import { parseEntries, toEntries, type AuditBatchEntry } from "#server/audit/entry.ts";
import { isAuditEvent, meaningOf, type AuditEventName } from "#server/audit/events.ts";
import { readOldest, type IntakeBatch } from "#server/audit/intake.ts";
import { writeSealerState, type SealerState } from "#server/audit/key-files.ts";
import { append, copyRange, leafHash } from "#server/audit/proof/merkle.ts";
import type { Mirror } from "#server/audit/mirror.ts";
import { sanitizeData } from "#server/audit/sanitize.ts";
import type { AuditEventInput } from "#server/audit/schema.ts";
import { storeSealed } from "#server/audit/seal-store.ts";

/** Where the sealer works. */
export interface SealBench {
  /** The connection that holds the sealer's lock. */
  client: PoolClient;
  keysDir: string;
  mirror: Mirror;
}

export interface SealStep {
  state: SealerState;
  /** Others are waiting behind the batches of this step. */
  more: boolean;
}

/** What the sealer alone says. Threat: a taken-over web process could otherwise claim that rows were removed, or cry wolf. */
const OWN_EVENTS: ReadonlySet<AuditEventName> = new Set([
  "audit.records_removed",
  "audit.integrity_failed",
  "audit.file_removed",
]);
/** Clocks of servers differ a little. What lies further ahead is a mistake or a lie, and would keep every row behind it from ever being old. */
const AHEAD_MS = 24 * 60 * 60 * 1000;

/** Seals the oldest batches. */
export async function sealBatches(bench: SealBench, from: SealerState): Promise<SealStep> {
  const { batches, more } = await readOldest(bench.client);
  if (batches.length === 0) {
    return { state: from, more };
  }
  const entries = batches.flatMap((batch) => entriesOf(batch.events));
  return { state: await commit(bench, from, entries.map(distrust), () => takeOut(bench.client, batches)), more };
}

/**
 * Seals events of the sealer's own.
 * @param alongside what belongs into the same transaction.
 */
export async function sealOwn(
  bench: SealBench,
  from: SealerState,
  events: readonly AuditEventInput[],
  alongside: () => Promise<unknown> = async () => undefined,
): Promise<SealerState> {
  return commit(bench, from, toEntries(events, undefined), alongside);
}

/**
 * The key's position is stored after the commit, so a crash in between leaves a position that lags behind, which `recoverChain` makes up
 * for; the other way round, the key to seal would be lost.
 */
async function commit(
  { client, keysDir, mirror }: SealBench,
  from: SealerState,
  entries: readonly AuditBatchEntry[],
  alongside: () => Promise<unknown>,
): Promise<SealerState> {
  let chain: Omit<SealerState, "range"> = from;
  const range = copyRange(from.range);
  const sealed: SealedRow[] = [];
  const texts: string[] = [];
  for (const entry of entries) {
    const row = place(entry, chain.seq + 1);
    const text = canonicalRow(row);
    chain = advance(chain, text);
    append(range, leafHash(recordLine(text, chain.hash)));
    sealed.push({ row, hash: chain.hash });
    texts.push(text);
  }
  await client.query("BEGIN");
  await alongside();
  await storeSealed(client, texts, sealed, from.seq);
  await client.query("COMMIT");
  const state = { seq: chain.seq, hash: chain.hash, key: chain.key, range };
  await mirror.append(sealed);
  writeSealerState(keysDir, state);
  return state;
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

/** An entry of the intake as it may be sealed. */
function distrust(entry: AuditBatchEntry): AuditBatchEntry {
  const now = Date.now();
  const at = entry.at > now + AHEAD_MS ? now : entry.at;
  if (isAuditEvent(entry.event) && !OWN_EVENTS.has(entry.event)) {
    return { ...entry, at };
  }
  const data = sanitizeData({ event: entry.event, data: entry.data });
  return { ...entry, at, event: "audit.event_unknown" satisfies AuditEventName, data };
}

/** What the chain hashes. Code, kind and severity come from the catalogue, whatever the writer would like them to be. */
function place(entry: AuditBatchEntry, seq: number): ChainRow {
  const { code, kind, severity } = meaningOf(isAuditEvent(entry.event) ? entry.event : "audit.event_unknown");
  const at = new Date(entry.at).toISOString();
  return { ...entry, code, kind, severity, at, data: entry.data ?? {}, seq };
}

const TAKE_OUT_SQL = "DELETE FROM audit_intake WHERE id = ANY($1::bigint[])";

async function takeOut(client: PoolClient, batches: readonly IntakeBatch[]): Promise<void> {
  const ids = batches.map((batch) => batch.id);
  const { rowCount } = await client.query({ name: "audit-take-out", text: TAKE_OUT_SQL, values: [ids] });
  if (rowCount !== batches.length) {
    throw new Error(`${rowCount ?? 0} of ${batches.length} batches taken out; the step is undone`);
  }
}

/** The steps of sealing: batches are read and chained, stored as sealed rows in one transaction, and written to the files. */
import { hash } from "node:crypto";
import type { PoolClient } from "pg";
import { advance, canonicalRow, recordLine, type ChainRow, type SealedRow } from "#server/audit/chain.ts";
import { parseEntries, toEntries, type AuditBatchEntry } from "#server/audit/entry.ts";
import { isAuditEvent, meaningOf, type AuditEventName } from "#server/audit/events.ts";
import { readOldest, type Queryable } from "#server/audit/intake.ts";
import { writeSealerState, type SealerState } from "#server/audit/key-files.ts";
import { append, copyRange } from "#server/audit/proof/merkle.ts";
import type { Mirror } from "#server/audit/mirror.ts";
import { sanitizeData } from "#server/audit/sanitize.ts";
import type { AuditEventInput } from "#server/audit/schema.ts";
import { storeSealed } from "#server/audit/seal-store.ts";
import type { EventMeter } from "#server/metrics/index.ts";

/** Where the sealer works. */
export interface SealBench {
  /** The connection that holds the sealer's lock. */
  client: PoolClient;
  /** Counts what is sealed. */
  meter: EventMeter;
  keysDir: string;
  mirror: Mirror;
}

/** Rows that are chained and not stored yet. */
export interface Prepared {
  /** The state behind them. */
  state: SealerState;
  /** The row that they follow. */
  fromSeq: number;
  sealed: readonly SealedRow[];
  /** The canonical JSON of each. */
  texts: readonly string[];
  /** Batches of the intake that they come from. */
  batches: readonly number[];
  /** No further one waited when those were read. */
  isAll: boolean;
}

/** What the sealer alone says. Threat: a taken-over web process could otherwise claim that rows were removed, or cry wolf. */
const OWN_EVENTS: ReadonlySet<AuditEventName> = new Set([
  "audit.records_removed",
  "audit.integrity_failed",
  "audit.file_removed",
]);
/** Clocks of servers differ a little. What lies further ahead is a mistake or a lie, and would keep every row behind it from ever being old. */
const AHEAD_MS = 24 * 60 * 60 * 1000;

/**
 * The oldest batches but those in `taken`, chained behind `from`; null when none waits.
 * @param reader another connection than the one that stores.
 */
export async function prepareOldest(
  reader: Queryable,
  from: SealerState,
  taken: readonly number[],
): Promise<Prepared | null> {
  const { batches, isAll } = await readOldest(reader, taken);
  if (batches.length === 0) {
    return null;
  }
  const entries = batches.flatMap((batch) => entriesOf(batch.events)).map(distrust);
  const ids = batches.map(({ id }) => id);
  return { ...prepare(entries, from), batches: ids, isAll };
}

function prepare(entries: readonly AuditBatchEntry[], from: SealerState): Omit<Prepared, "batches" | "isAll"> {
  let chain: Omit<SealerState, "range"> = from;
  const range = copyRange(from.range);
  const sealed: SealedRow[] = [];
  const texts: string[] = [];
  for (const entry of entries) {
    const row = place(entry, chain.seq + 1);
    const text = canonicalRow(row);
    const { leaf, ...next } = advance(chain, text);
    chain = next;
    append(range, leaf);
    sealed.push({ row, hash: chain.hash, line: recordLine(text, chain.hash) });
    texts.push(text);
  }
  const state = { seq: chain.seq, hash: chain.hash, key: chain.key, range };
  return { state, fromSeq: from.seq, sealed, texts };
}

/** Stores the rows and takes their batches out of the intake. @param alongside what belongs into the same transaction. */
export async function store(
  { client, meter }: Pick<SealBench, "client" | "meter">,
  { sealed, texts, batches, fromSeq }: Prepared,
  alongside: () => Promise<unknown> = async () => undefined,
): Promise<void> {
  await client.query("BEGIN");
  await alongside();
  await takeOut(client, batches);
  await storeSealed(client, texts, sealed, fromSeq);
  await meter.count(
    client,
    sealed.map(({ row }) => row),
  );
  await client.query("COMMIT");
}

/**
 * What follows the commit: the files, and the key's new position. A crash before leaves both behind the database, which `recoverChain` makes up
 * for; the other way round, the key to seal would be lost.
 */
export async function finish({ mirror, keysDir }: SealBench, { sealed, state }: Prepared): Promise<void> {
  await mirror.append(sealed);
  writeSealerState(keysDir, state);
}

/**
 * Seals events of the sealer's own.
 * @param alongside what belongs into the same transaction.
 */
export async function sealOwn(
  bench: SealBench,
  from: SealerState,
  events: readonly AuditEventInput[],
  alongside?: () => Promise<unknown>,
): Promise<SealerState> {
  const prepared = { ...prepare(toEntries(events, undefined), from), batches: [], isAll: true };
  await store(bench, prepared, alongside);
  await finish(bench, prepared);
  return prepared.state;
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

async function takeOut(client: PoolClient, ids: readonly number[]): Promise<void> {
  if (ids.length === 0) {
    return;
  }
  const { rowCount } = await client.query({ name: "audit-take-out", text: TAKE_OUT_SQL, values: [ids] });
  if (rowCount !== ids.length) {
    throw new Error(`${rowCount ?? 0} of ${ids.length} batches taken out; the step is undone`);
  }
}

/** The columns of runs that are encrypted, as a pass over all rows sees them: the beginnings of the values, and the values to store anew. */
import { keyIdOf } from "#server/core/crypto/aead.ts";
import { keyOfStoredBytes } from "#server/core/crypto/vault-bytes.ts";
import { isSealedText } from "#server/core/crypto/vault.ts";
import type { RunSeal, RunTextColumn } from "#server/sandbox/run-seal.ts";
import { OPEN_KINDS, type RunEventKind } from "#server/sandbox/schema.ts";

/** A row of one column. `seq` is 0 where the id is the whole key. */
export interface StoredValue {
  id: string;
  seq: number;
  run_id: string;
  kind: RunEventKind;
  value: unknown;
}

export interface ResealColumn {
  name: string;
  /** With programs and answers (`security.encryption.messages`) or with files. */
  holds: "messages" | "files";
  /** Rows behind `($1, $2)`, at most `$3`, as `id`, `seq` and the beginning of the value as `head`. */
  page: string;
  /** The rows `($1[n], $2[n])` as `StoredValue`, locked. */
  lock: string;
  /** Stores `$3[n]` in the row `($1[n], $2[n])`. */
  update: string;
  /** Rows that are stored anew in one transaction: bounded by what they can weigh. */
  batch: number;
  /** The key that a value is sealed with, by its beginning; null = it is not sealed. */
  keyOf(head: unknown): string | null;
  /** The value as it is stored now. @throws AppError CANNOT_DECRYPT */
  again(seal: RunSeal, row: StoredValue): string | Uint8Array;
}

/** Marker of sealed text, and as much base64 as holds the key's id. */
const TEXT_HEAD = 6 + 12;
const BYTES_HEAD = 6 + 7;

const keyOfText = (head: unknown): string | null =>
  typeof head === "string" && isSealedText(head) ? keyIdOf(Buffer.from(head.slice(6), "base64")) : null;

const textColumn = (column: RunTextColumn, batch: number): ResealColumn => ({
  name: `run.${column}`,
  holds: "messages",
  page: `SELECT id, 0 AS seq, left(${column}, ${TEXT_HEAD}) AS head FROM run
         WHERE id > $1 AND $2::int = 0 AND ${column} <> '' ORDER BY id LIMIT $3`,
  lock: `SELECT id, 0 AS seq, id AS run_id, ${column} AS value FROM run JOIN unnest($1::text[], $2::int[]) AS asked(id, seq) USING (id)
         FOR NO KEY UPDATE OF run`,
  update: `UPDATE run SET ${column} = fresh.value FROM unnest($1::text[], $2::int[], $3::text[]) AS fresh(id, seq, value)
           WHERE run.id = fresh.id`,
  batch,
  keyOf: keyOfText,
  again: (seal, { id, value }) => seal.sealText(column, id, seal.openText(column, id, String(value))),
});

const openKinds = [...OPEN_KINDS].map((kind) => `'${kind}'`).join(", ");

export const RESEAL_COLUMNS: readonly ResealColumn[] = [
  textColumn("code", 50),
  textColumn("stdout", 20),
  textColumn("stderr", 20),
  textColumn("history", 20),
  {
    name: "conversation_turn.text",
    holds: "messages",
    page: `SELECT id, 0 AS seq, left(text, ${TEXT_HEAD}) AS head FROM conversation_turn
           WHERE id > $1 AND $2::int = 0 ORDER BY id LIMIT $3`,
    lock: `SELECT id, 0 AS seq, run_id, text AS value FROM conversation_turn JOIN unnest($1::text[], $2::int[]) AS asked(id, seq) USING (id)
           FOR NO KEY UPDATE OF conversation_turn`,
    update: `UPDATE conversation_turn SET text = fresh.value FROM unnest($1::text[], $2::int[], $3::text[]) AS fresh(id, seq, value)
             WHERE conversation_turn.id = fresh.id`,
    batch: 50,
    keyOf: keyOfText,
    again: (seal, { id, run_id, value }) => seal.sealTurn(id, seal.openTurn({ id, runId: run_id }, String(value))),
  },
  {
    name: "run_event.data",
    holds: "messages",
    page: `SELECT run_id AS id, seq, left(data ->> 'sealed', ${TEXT_HEAD}) AS head FROM run_event
           WHERE (run_id, seq) > ($1, $2::int) AND kind NOT IN (${openKinds}) ORDER BY run_id, seq LIMIT $3`,
    lock: `SELECT run_id AS id, event.seq, run_id, kind, data AS value FROM run_event AS event
           JOIN unnest($1::text[], $2::int[]) AS asked(id, seq) ON event.run_id = asked.id AND event.seq = asked.seq
           FOR NO KEY UPDATE OF event`,
    update: `UPDATE run_event AS event SET data = fresh.value::jsonb FROM unnest($1::text[], $2::int[], $3::text[]) AS fresh(id, seq, value)
             WHERE event.run_id = fresh.id AND event.seq = fresh.seq`,
    batch: 200,
    keyOf: keyOfText,
    again: (seal, { run_id, seq, kind, value }) =>
      JSON.stringify(seal.sealEvent(run_id, seq, kind, seal.openEvent({ runId: run_id, seq, data: value }) as object)),
  },
  {
    name: "run_file.content",
    holds: "files",
    page: `SELECT id, 0 AS seq, substring(content FROM 1 FOR ${BYTES_HEAD}) AS head FROM run_file
           WHERE id > $1 AND $2::int = 0 AND content IS NOT NULL ORDER BY id LIMIT $3`,
    lock: `SELECT id, 0 AS seq, run_id, content AS value FROM run_file JOIN unnest($1::text[], $2::int[]) AS asked(id, seq) USING (id)
           FOR NO KEY UPDATE OF run_file`,
    update: `UPDATE run_file SET content = fresh.value FROM unnest($1::text[], $2::int[], $3::bytea[]) AS fresh(id, seq, value)
             WHERE run_file.id = fresh.id`,
    batch: 2,
    keyOf: (head) => (head instanceof Uint8Array ? keyOfStoredBytes(head) : null),
    again: (seal, { id, run_id, value }) =>
      seal.sealContent(id, seal.openContent({ id, runId: run_id }, value as Uint8Array)),
  },
];

/** The sealed columns of runs, whose values `RunSeal` opens and seals: as the configuration says, with or without encryption. */
import type { KeyPurpose } from "#server/core/crypto/keyring/index.ts";
import { keyOfStoredBytes } from "#server/core/crypto/vault-bytes.ts";
import { keyOfText, TEXT_HEAD, type SealedColumn, type StoredValue } from "#server/reseal/column.ts";
import type { RunSealConfig } from "#server/sandbox/index.ts";
import { OPEN_KINDS, type RunEventKind } from "#server/sandbox/schema.ts";

interface RunValue extends StoredValue {
  run_id: string;
  kind: RunEventKind;
}

/** Beginning of stored bytes that tells their key: marker, cipher and the key's id. */
const BYTES_HEAD = 6 + 7;

const files = ({ database }: RunSealConfig): KeyPurpose | null => (database.enabled ? "database" : null);

/** Programs, answers and what is said on the way. */
const messages = (encryption: RunSealConfig): KeyPurpose | null =>
  encryption.messages.enabled ? "messages" : files(encryption);

const textColumn = (column: "code" | "stdout" | "stderr" | "history", batch: number): SealedColumn<RunValue> => ({
  table: "run",
  column,
  purpose: messages,
  page: `SELECT id, 0 AS seq, left(${column}, ${TEXT_HEAD}) AS head FROM run
         WHERE id > $1 AND $2::int = 0 AND ${column} <> '' ORDER BY id LIMIT $3`,
  lock: `SELECT id, 0 AS seq, id AS run_id, ${column} AS value FROM run JOIN unnest($1::text[], $2::int[]) AS asked(id, seq) USING (id)
         FOR NO KEY UPDATE OF run`,
  update: `UPDATE run SET ${column} = fresh.value FROM unnest($1::text[], $2::int[], $3::text[]) AS fresh(id, seq, value)
           WHERE run.id = fresh.id`,
  batch,
  keyOf: keyOfText,
  again: ({ runSeal: seal }, { id, value }) => seal.sealText(column, id, seal.openText(column, id, String(value))),
});

const openKinds = [...OPEN_KINDS].map((kind) => `'${kind}'`).join(", ");

export const RUN_COLUMNS: readonly SealedColumn<RunValue>[] = [
  textColumn("code", 50),
  textColumn("stdout", 20),
  textColumn("stderr", 20),
  textColumn("history", 20),
  {
    table: "conversation_turn",
    column: "text",
    purpose: messages,
    page: `SELECT id, 0 AS seq, left(text, ${TEXT_HEAD}) AS head FROM conversation_turn
           WHERE id > $1 AND $2::int = 0 ORDER BY id LIMIT $3`,
    lock: `SELECT id, 0 AS seq, run_id, text AS value FROM conversation_turn JOIN unnest($1::text[], $2::int[]) AS asked(id, seq) USING (id)
           FOR NO KEY UPDATE OF conversation_turn`,
    update: `UPDATE conversation_turn SET text = fresh.value FROM unnest($1::text[], $2::int[], $3::text[]) AS fresh(id, seq, value)
             WHERE conversation_turn.id = fresh.id`,
    batch: 50,
    keyOf: keyOfText,
    again: ({ runSeal: seal }, { id, run_id, value }) =>
      seal.sealTurn(id, seal.openTurn({ id, runId: run_id }, String(value))),
  },
  {
    table: "run_event",
    column: "data",
    purpose: messages,
    page: `SELECT run_id AS id, seq, left(data ->> 'sealed', ${TEXT_HEAD}) AS head FROM run_event
           WHERE (run_id, seq) > ($1, $2::int) AND kind NOT IN (${openKinds}) ORDER BY run_id, seq LIMIT $3`,
    lock: `SELECT run_id AS id, event.seq, run_id, kind, data AS value FROM run_event AS event
           JOIN unnest($1::text[], $2::int[]) AS asked(id, seq) ON event.run_id = asked.id AND event.seq = asked.seq
           FOR NO KEY UPDATE OF event`,
    update: `UPDATE run_event AS event SET data = fresh.value::jsonb FROM unnest($1::text[], $2::int[], $3::text[]) AS fresh(id, seq, value)
             WHERE event.run_id = fresh.id AND event.seq = fresh.seq`,
    batch: 200,
    keyOf: keyOfText,
    again: ({ runSeal: seal }, { run_id, seq, kind, value }) =>
      JSON.stringify(seal.sealEvent(run_id, seq, kind, seal.openEvent({ runId: run_id, seq, data: value }) as object)),
  },
  {
    table: "run_file",
    column: "content",
    purpose: files,
    page: `SELECT id, 0 AS seq, substring(content FROM 1 FOR ${BYTES_HEAD}) AS head FROM run_file
           WHERE id > $1 AND $2::int = 0 AND content IS NOT NULL ORDER BY id LIMIT $3`,
    lock: `SELECT id, 0 AS seq, run_id, content AS value FROM run_file JOIN unnest($1::text[], $2::int[]) AS asked(id, seq) USING (id)
           FOR NO KEY UPDATE OF run_file`,
    update: `UPDATE run_file SET content = fresh.value FROM unnest($1::text[], $2::int[], $3::bytea[]) AS fresh(id, seq, value)
             WHERE run_file.id = fresh.id`,
    batch: 2,
    keyOf: (head) => (head instanceof Uint8Array ? keyOfStoredBytes(head) : null),
    again: ({ runSeal: seal }, { id, run_id, value }) =>
      seal.sealContent(id, seal.openContent({ id, runId: run_id }, value as Uint8Array)),
  },
];

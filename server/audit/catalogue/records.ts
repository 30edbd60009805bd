/** The record itself, keys, stored data and backups. */
import type { EventText } from "#server/audit/catalogue/text.ts";

const ARCHIVE = "Name of the archive.";
const KIND = "`config` (configuration, policy and keys) or `full` (with data).";

export const RECORDS = {
  "audit.batch_unreadable": {
    meaning: "What a process handed in for the record is nothing it can have written honestly.",
    fields: { bytes: "Its size.", sha256: "Its SHA-256." },
  },
  "audit.event_unknown": {
    meaning: "An event of a name that this version does not know was handed in; it is kept as it was.",
    fields: { event: "The unknown name.", data: "Its data." },
  },
  "audit.records_removed": {
    meaning:
      "Records past their age were removed; the checkpoints that cover them stay, so that the rest can be verified.",
    because: "`logging.audit.retention`.",
    fields: { from: "First `seq` that was removed.", to: "Last `seq` that was removed." },
  },
  "audit.integrity_failed": {
    meaning: "The record is not what was recorded; nothing was removed from it.",
    reason: "`rows_differ_from_checkpoint`.",
    because: "What made the gateway look: `logging.audit.retention`, or `console` for somebody there.",
    fields: {},
  },
  "audit.exported": {
    meaning:
      "Records were exported, with `openclaw security export-audit` or in the console: one event before the first byte, one at the end.",
    reason: "`started`, `finished` or `failed`.",
    fields: {
      format: "`json`, `csv`, `cef` or `ocsf`.",
      from: "First `seq` of the range.",
      to: "Last `seq` of the range.",
      filter: "What was asked for.",
      rows: "How many events were written.",
    },
  },
  "audit.read": {
    meaning: "Records were read over the API or in the console, or a report was made of them.",
    reason: "`console` in the console, `report` for a report.",
    fields: { filter: "What was asked for.", events: "How many events were shown." },
  },
  "audit.anchor_failed": {
    meaning: "A checkpoint could not be handed to the outside witness; it is tried again.",
    target: "Host of the witness.",
    reason: "What kept it from being delivered.",
    because: "`logging.audit.anchor`.",
    fields: { checkpoint: "How many rows the checkpoint covers." },
  },
  "audit.file_removed": {
    meaning: "A file of the record was removed because of its age.",
    target: "Name of the file.",
    reason: "`retention`.",
    fields: { firstSeq: "First `seq` in it.", lastSeq: "Last `seq` in it." },
  },
  "key.master_rotated": {
    meaning: "The keyring opens with another master key, or with more rounds; no data was written anew.",
    fields: {
      iterations: "Rounds of PBKDF2.",
      source: "Where the master key comes from: `home` or `given`.",
    },
  },
  "key.data_rotated": {
    meaning: "A new data key was made; what is stored from then on is encrypted with it.",
    target: "Id of the key.",
    fields: { purpose: "What it encrypts." },
  },
  "data.encryption_started": {
    meaning: "Stored values are being brought to the encryption in force (`openclaw security encrypt-data`).",
    fields: {},
  },
  "data.encrypted": {
    meaning: "Stored values were brought to the encryption in force (`openclaw security encrypt-data`).",
    reason: "`interrupted`: it did not come to its end. Run again, it goes on with what is left.",
    fields: { values: "How many were encrypted.", unreadable: "How many could not be opened and stayed as they were." },
  },
  "data.unreadable": {
    meaning: "A stored value cannot be decrypted: it was changed or moved, or its key is lost.",
    target: "The run, file or row it belongs to.",
    reason: "`cannot_decrypt`.",
    fields: {
      column: "Table and column.",
      place: "The place the value was bound to when it was encrypted.",
    },
  },
  "backup.created": {
    meaning: "A backup was made.",
    target: ARCHIVE,
    fields: {
      kind: KIND,
      bytes: "Size of the archive.",
      sha256: "SHA-256 of the archive.",
      encrypted: "Whether it is encrypted.",
      rows: "How many rows of the database it holds.",
      files: "How many files it holds.",
    },
  },
  "backup.verified": {
    meaning: "A backup was restored into a scratch place to see that it can be.",
    target: ARCHIVE,
    fields: { sha256: "SHA-256 of the archive." },
  },
  "backup.restored": {
    meaning: "A backup was restored.",
    target: ARCHIVE,
    fields: {
      id: "Id of the backup.",
      kind: KIND,
      createdAt: "When it was made (ISO 8601, UTC).",
      version: "Version of the gateway that made it.",
      parts: "What was restored of it.",
      rows: "How many rows were written.",
      files: "How many files were written.",
    },
  },
  "backup.removed": { meaning: "A backup was removed because of its age.", target: ARCHIVE, fields: {} },
  "backup.requested": {
    meaning: "Somebody asked for work on backups in the console; the supervisor does it.",
    target: ARCHIVE,
    reason: "`create_config`, `create_full`, `verify`, or `plan` for what a restore would do.",
    fields: { job: "Id of the job." },
  },
  "backup.failed": {
    meaning: "A backup could not be made, verified or restored.",
    target: ARCHIVE,
    reason: "What was being done.",
    fields: { kind: KIND, name: "Name of the archive.", message: "What failed and the next step." },
  },
} as const satisfies Record<string, EventText>;

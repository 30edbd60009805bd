/** A sealed column as a pass over all rows sees it: the beginnings of the values, and the values to store anew. */
import { keyIdOf } from "#server/core/crypto/aead.ts";
import type { Keyring, KeyPurpose } from "#server/core/crypto/keyring/index.ts";
import { isSealedText } from "#server/core/crypto/vault.ts";
import type { RunSeal, RunSealConfig } from "#server/sandbox/index.ts";

/** A row of one column. `seq` is 0 where the id is the whole key. */
export interface StoredValue {
  id: string;
  seq: number;
  value: unknown;
}

/** What opens values and seals them again. */
export interface Seals {
  keyring: Keyring;
  runSeal: RunSeal;
  /**
   * Told of each value that cannot be opened, but those of runs: `runSeal` tells of these itself.
   * @param column table and column
   * @param row null where the row is named by what the record must not hold
   */
  unreadable: (column: string, row: string | null) => void;
}

export interface SealedColumn<Row extends StoredValue = StoredValue> {
  table: string;
  column: string;
  /** Whose key its values are sealed with under this configuration; null = they are stored as they are. */
  purpose(encryption: RunSealConfig): KeyPurpose | null;
  /** Rows behind `($1, $2)`, at most `$3`, as `id`, `seq` and the beginning of the value as `head`. */
  page: string;
  /** The rows `($1[n], $2[n])`, locked. */
  lock: string;
  /** Stores `$3[n]` in the row `($1[n], $2[n])`. */
  update: string;
  /** Rows that are stored anew in one transaction: bounded by what they can weigh. */
  batch: number;
  /** The key that a value is sealed with, by its beginning; null = it is not sealed. */
  keyOf(head: unknown): string | null;
  /** The value as it is stored now. @throws AppError CANNOT_DECRYPT, having told of it */
  again(seals: Seals, row: Row): string | Uint8Array;
}

/** Marker of sealed text. */
const MARKER = 6;
/** Characters of sealed text that tell its key: the marker, and as much base64 as holds the key's id. */
export const TEXT_HEAD = MARKER + 12;

export const keyOfText = (head: unknown): string | null =>
  typeof head === "string" && isSealedText(head) ? keyIdOf(Buffer.from(head.slice(MARKER), "base64")) : null;

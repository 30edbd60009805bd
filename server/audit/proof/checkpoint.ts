/**
 * Checkpoints: signed heads of the record, as C2SP tlog-checkpoint notes.
 *   openclaw-gateway/1f0e2d3c
 *   <number of rows>
 *   <base64 of the Merkle root over them>
 * Who kept one can tell for ever after whether the record still begins with those rows. Pure.
 */
import { hash } from "node:crypto";
import { rootOf, type Range } from "#server/audit/proof/merkle.ts";
import { openNote, signNote, type NoteKey, type NoteSigner } from "#server/audit/proof/signing-note.ts";

export interface Checkpoint {
  /** Rows it covers. */
  size: number;
  root: Buffer;
  note: string;
}

/** `foreign`: of another record. `forged`: changed, or not made by this record's key. */
export type NoteFault = "foreign" | "forged";

const HASH_BYTES = 32;
const SIZE = /^[1-9]\d{0,15}$/;

/** The name under which a record signs: the first line of its checkpoints. */
export function originOf(rawKey: Buffer): string {
  return `openclaw-gateway/${hash("sha256", rawKey).slice(0, 8)}`;
}

/** Covers the rows of `range`, at least one. */
export function signCheckpoint(range: Range, signer: NoteSigner): Checkpoint {
  const root = rootOf(range);
  const text = `${signer.name}\n${range.size}\n${root.toString("base64")}\n`;
  return { size: range.size, root, note: signNote(text, signer) };
}

export function readCheckpoint(note: string, key: NoteKey): Checkpoint | NoteFault {
  const opened = openNote(note, key);
  if (opened.state !== "signed") {
    return opened.state;
  }
  const [origin, size = "", encoded = ""] = opened.text.split("\n");
  const root = hashOf(encoded);
  return origin === key.name && SIZE.test(size) && Number.isSafeInteger(Number(size)) && root !== null
    ? { size: Number(size), root, note }
    : "forged";
}

/** The size that a note names, whoever signed it; null when it names none. */
export function claimedSize(note: string): number | null {
  const size = note.split("\n", 2)[1] ?? "";
  return SIZE.test(size) ? Number(size) : null;
}

/** The 32 bytes behind canonical base64, or null. */
export function hashOf(encoded: string): Buffer | null {
  const bytes = Buffer.from(encoded, "base64");
  return bytes.length === HASH_BYTES && bytes.toString("base64") === encoded ? bytes : null;
}

/**
 * HMAC-SHA-256 (RFC 2104) out of two one-shot hashes: the same result as `createHmac`, at a sixth of its time for short messages,
 * which is what sealing and verifying the record consist of, and the check of a token.
 */
import { hash } from "node:crypto";

const BLOCK = 64;
const DIGEST = 32;
const outer = Buffer.alloc(BLOCK + DIGEST);
let inner = Buffer.alloc(BLOCK + 4096);

/** HMAC of `prefix` followed by `text` in UTF-8. @param key at most 64 bytes. */
export function hmacSha256(key: Buffer, prefix: Buffer, text: string): Buffer {
  makeRoom(prefix.length, text);
  padKey(key);
  return macOf(BLOCK + writeMessage(prefix, text));
}

/** Three hashes over one row, its text encoded once. */
export interface RowHashes {
  /** HMAC of the hash before it and its text. */
  hash: Buffer;
  /** HMAC of the label. */
  nextKey: Buffer;
  /** SHA-256 of 0x00 ‖ the text with `tail(hash)` in the place of its last character: the leaf of its line. */
  leaf: Buffer;
}

/** @param previous 32 bytes. @param text ends with "}". @param tail what ends the line, in ASCII. */
export function rowHashes(
  key: Buffer,
  previous: Buffer,
  text: string,
  label: string,
  tail: (hash: Buffer) => string,
): RowHashes {
  makeRoom(previous.length + 256, text);
  padKey(key);
  const end = BLOCK + writeMessage(previous, text);
  const mac = macOf(end);
  // The text stands behind the hash before it: its last byte makes place for the leaf's first one.
  const start = BLOCK + previous.length - 1;
  inner[start] = 0;
  const lineEnd = end - 1 + inner.write(tail(mac), end - 1, "latin1");
  const leaf = hash("sha256", inner.subarray(start, lineEnd), "buffer");
  const nextKey = macOf(BLOCK + inner.write(label, BLOCK, "latin1"));
  return { hash: mac, nextKey, leaf };
}

/** A UTF-16 unit takes at most three bytes in UTF-8. */
function makeRoom(more: number, text: string): void {
  const room = BLOCK + more + text.length * 3;
  if (inner.length < room) {
    inner.fill(0);
    inner = Buffer.alloc(room);
  }
}

function padKey(key: Buffer): void {
  if (key.length > BLOCK) {
    throw new RangeError("HMAC keys longer than one block are not used here");
  }
  for (let index = 0; index < BLOCK; index += 1) {
    const byte = key[index] ?? 0;
    inner[index] = byte ^ 0x36;
    outer[index] = byte ^ 0x5c;
  }
}

/** @returns the bytes written behind the padded key. */
function writeMessage(prefix: Buffer, text: string): number {
  inner.set(prefix, BLOCK);
  return prefix.length + inner.write(text, BLOCK + prefix.length, "utf8");
}

/** HMAC, with the padded key in place, of the bytes between it and `end`. */
function macOf(end: number): Buffer {
  const digest = hash("sha256", inner.subarray(0, end), "binary");
  outer.write(digest, BLOCK, "latin1");
  return hash("sha256", outer, "buffer");
}

/**
 * The keyed hash chain over sealed rows. Pure.
 *   hash(n) = HMAC-SHA-256(key(n), hash(n−1) ‖ canonical JSON of row n)      key(n+1) = HMAC-SHA-256(key(n), "audit-evolve-v1")
 * Threat: whoever takes over the machine wants to change what was recorded before. The key moves forward with each row and the old one is
 * dropped, so the key found on the machine cannot reproduce any earlier hash. Only the first key, kept elsewhere, verifies the whole.
 */
import { canonicalJson } from "#server/audit/canonical-json.ts";
import { hmacSha256, rowHashes, type RowHashes } from "#server/core/crypto/hmac.ts";
import type { AuditData } from "#server/audit/schema.ts";

/** What a hash covers. The keys stand in sorted order; see `canonicalRow`. Columns that are null in the table are undefined here. */
export interface ChainRow {
  actorId: string;
  actorType: string;
  address: string | undefined;
  /** ISO 8601, UTC, milliseconds. */
  at: string;
  because: string | undefined;
  channel: string | undefined;
  code: string;
  correlationId: string | undefined;
  data: AuditData;
  event: string;
  kind: string;
  outcome: string;
  reason: string | undefined;
  requestId: string | undefined;
  seq: number;
  severity: string;
  target: string | undefined;
  tokenId: string | undefined;
  userId: string | undefined;
}

export interface SealedRow {
  row: ChainRow;
  hash: Buffer;
  /** Its line (`recordLine`), where it was put together already. */
  line?: string;
}

/** The last row of a chain. `seq` 0 is the place before its first row. */
export interface ChainHead {
  seq: number;
  hash: Buffer;
}

/** A head with the key for the next row. */
export interface ChainState extends ChainHead {
  key: Buffer;
}

const EVOLVE_LABEL = "audit-evolve-v1";
const NOTHING = Buffer.alloc(0);
const GENESIS_HASH = Buffer.alloc(32);

/** The state before row 1. @param firstKey 32 random bytes, the key that verifies the whole chain. */
export function startChain(firstKey: Buffer): ChainState {
  return { seq: 0, hash: GENESIS_HASH, key: evolveKey(firstKey) };
}

export function evolveKey(key: Buffer): Buffer {
  return hmacSha256(key, NOTHING, EVOLVE_LABEL);
}

/** The hash of a row whose canonical JSON is `text`, placed after a row with hash `previous`. */
export function rowHash(key: Buffer, previous: Buffer, text: string): Buffer {
  return hmacSha256(key, previous, text);
}

/** Of a row whose canonical JSON is `text`: its hash behind `previous`, the key for the next row, and its leaf in the Merkle tree. */
export const rowLink = (key: Buffer, previous: Buffer, text: string): RowHashes =>
  rowHashes(key, previous, text, EVOLVE_LABEL, lineTail);

/** The state after one more row, and the row's leaf. */
export function advance(state: ChainState, text: string): ChainState & { leaf: Buffer } {
  const { hash, nextKey, leaf } = rowLink(state.key, state.hash, text);
  return { seq: state.seq + 1, hash, key: nextKey, leaf };
}

/** The key `rows` places further on, for rows that are no longer there. */
export function skipKey(key: Buffer, rows: number): Buffer {
  let later = key;
  for (let left = rows; left > 0; left -= 1) {
    later = evolveKey(later);
  }
  return later;
}

/** Canonical JSON of a row. Its own keys are sorted already, so that only `data` needs the general way. */
export function canonicalRow(row: ChainRow): string {
  const { actorId, actorType, address, at, because, channel, code, correlationId } = row;
  const head = JSON.stringify({ actorId, actorType, address, at, because, channel, code, correlationId });
  const { event, kind, outcome, reason, requestId, seq, severity, target, tokenId, userId } = row;
  const tail = JSON.stringify({ event, kind, outcome, reason, requestId, seq, severity, target, tokenId, userId });
  return `${head.slice(0, -1)},"data":${canonicalJson(row.data)},${tail.slice(1)}`;
}

const HASH_MEMBER = ',"hash":"';
const LINE_TAIL = /^,"hash":"([0-9a-f]{64})"\}$/;
const LINE_TAIL_LENGTH = HASH_MEMBER.length + 64 + 2;

const lineTail = (hash: Buffer): string => `${HASH_MEMBER}${hash.toString("hex")}"}`;

/** The line of a sealed row in files and exports, and the leaf of the Merkle tree: its canonical JSON with the hash as last member. */
export function recordLine(text: string, hash: Buffer): string {
  return text.slice(0, -1) + lineTail(hash);
}

/** What `recordLine` put together, or null for a line of another form. */
export function splitLine(line: string): { text: string; hash: Buffer } | null {
  const tail = LINE_TAIL.exec(line.slice(-LINE_TAIL_LENGTH));
  return tail?.[1] === undefined
    ? null
    : { text: `${line.slice(0, -LINE_TAIL_LENGTH)}}`, hash: Buffer.from(tail[1], "hex") };
}

/** Rows of the record as verification takes them: from the database, or as lines of files and exports. Pure. */
import { z } from "zod";
import { canonicalRow, recordLine, splitLine, type ChainRow, type SealedRow } from "#server/audit/chain.ts";
import type { Subtree } from "#server/audit/proof/merkle.ts";
import type { AuditData } from "#server/audit/schema.ts";

export interface RowItem {
  /** As the row claims; 0 when it claims none. */
  seq: number;
  /** Canonical JSON, which the chain hashes. */
  text: string;
  hash: Buffer;
  /** What the tree hashes. */
  readonly line: string;
  /** The row itself, read only to tell what was done to it; null when it cannot be read as one. */
  sealed: () => SealedRow | null;
}

/** Rows that are not here. */
export interface GapItem {
  gap: number;
  /** What stands for them in the tree. Null: nothing, and what is behind them cannot be checked against a tree. */
  subtrees: readonly Subtree[] | null;
}

export type Item = RowItem | GapItem;

const NOTHING = Buffer.alloc(0);

export function rowItem(sealed: SealedRow): RowItem {
  const text = canonicalRow(sealed.row);
  return {
    seq: sealed.row.seq,
    text,
    hash: sealed.hash,
    // Needed only where there is no first key.
    get line() {
      return recordLine(text, sealed.hash);
    },
    sealed: () => sealed,
  };
}

export function lineItem(line: string): RowItem {
  const { text, hash } = splitLine(line) ?? { text: line, hash: NOTHING };
  return { seq: seqOf(line), text, hash, line, sealed: () => parseRow(text, hash) };
}

const MEMBER = ',"seq":';

/** No text can hold the member's name with bare quotes, and in a canonical line it stands behind `data`: the last one is the row's own. */
function seqOf(line: string): number {
  const start = line.lastIndexOf(MEMBER);
  const seq =
    start < 0 ? Number.NaN : Number.parseInt(line.slice(start + MEMBER.length, start + MEMBER.length + 16), 10);
  return Number.isSafeInteger(seq) ? seq : 0;
}

const text = z.string();
const Row = z.strictObject({
  actorId: text,
  actorType: text,
  address: text.optional(),
  at: text,
  because: text.optional(),
  channel: text.optional(),
  code: text,
  correlationId: text.optional(),
  data: z.custom<AuditData>((value) => typeof value === "object" && value !== null),
  event: text,
  kind: text,
  outcome: text,
  reason: text.optional(),
  requestId: text.optional(),
  seq: z.number(),
  severity: text,
  target: text.optional(),
  tokenId: text.optional(),
  userId: text.optional(),
});

function parseRow(json: string, hash: Buffer): SealedRow | null {
  try {
    const row = Row.parse(JSON.parse(json));
    return { row: row as ChainRow, hash };
  } catch {
    return null;
  }
}

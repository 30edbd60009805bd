/** Best judgement of what was done to a record, from the rows that begin with the first bad one. Pure. */
import {
  canonicalRow,
  evolveKey,
  rowHash,
  type ChainHead,
  type ChainState,
  type SealedRow,
} from "#server/audit/chain.ts";

/** `checkpoint` and `removal`: a note that does not belong to this record or was changed. */
export type TamperKind = "edited" | "deleted" | "inserted" | "reordered" | "truncated" | "checkpoint" | "removal";

/** Rows looked at beyond the first bad one to tell the kinds apart. */
export const LOOKAHEAD = 64;

/** @param rows those without a key to judge by are told apart by their numbers alone. */
export function diagnoseNumbers(seq: number, rows: readonly { seq: number }[]): TamperKind {
  const [first] = rows;
  if (first === undefined || first.seq < seq) {
    return "inserted";
  }
  if (first.seq === seq) {
    return "edited";
  }
  return rows.some((other) => other.seq === seq) ? "reordered" : "deleted";
}

/** @param rows begin with the first one that did not fit after `state`. @param known the newest head known from elsewhere. */
export function diagnose(state: ChainState, rows: readonly SealedRow[], known: ChainHead | undefined): TamperKind {
  const [first] = rows;
  const seq = state.seq + 1;
  if (first === undefined || (known !== undefined && seq > known.seq)) {
    return "inserted";
  }
  if (first.row.seq !== seq) {
    return diagnoseNumbers(
      seq,
      rows.map(({ row }) => row),
    );
  }
  const keys = keysFrom(state.key, LOOKAHEAD + 1);
  const home = rows.findIndex((row, distance) => distance > 0 && belongsHere(state, row, first));
  if (home > 0) {
    return continuesAt(rows, home, keys) && !belongsLater(rows, first, seq, keys) ? "inserted" : "reordered";
  }
  return resumesAfterGap(rows, keys) ? "deleted" : "edited";
}

/** True when `sealed`, taken as row `seq` after a row with hash `previous`, has the hash `expected`. */
function fits(sealed: SealedRow, seq: number, previous: Buffer, key: Buffer, expected: Buffer): boolean {
  const { row } = sealed;
  return rowHash(key, previous, canonicalRow(row.seq === seq ? row : { ...row, seq })).equals(expected);
}

function keysFrom(key: Buffer, count: number): Buffer[] {
  const keys = [key];
  for (let last = key; keys.length < count; keys.push(last)) {
    last = evolveKey(last);
  }
  return keys;
}

/** A later row is the one that was sealed at the bad place: with its own hash, or with the hash that stayed there. */
function belongsHere(state: ChainState, row: SealedRow, first: SealedRow): boolean {
  const seq = state.seq + 1;
  return fits(row, seq, state.hash, state.key, row.hash) || fits(row, seq, state.hash, state.key, first.hash);
}

/** Behind the rows that were pushed in, the old chain goes on. At the end of the chain there is nothing to contradict it. */
function continuesAt(rows: readonly SealedRow[], home: number, keys: readonly Buffer[]): boolean {
  const [found, next, key] = [rows[home], rows[home + 1], keys[1]];
  if (found === undefined || next === undefined || key === undefined) {
    return true;
  }
  return fits(next, next.row.seq - home, found.hash, key, next.hash);
}

/** The row at the bad place is a true row from a later place. */
function belongsLater(rows: readonly SealedRow[], first: SealedRow, seq: number, keys: readonly Buffer[]): boolean {
  return rows.some((row, distance) => {
    const key = keys[distance];
    const before = rows[distance - 1];
    return (
      key !== undefined &&
      distance > 0 &&
      [row.hash, before?.hash].some((hash) => hash !== undefined && fits(first, seq + distance, hash, key, first.hash))
    );
  });
}

/** Rows were taken out and the rest numbered anew: from the second row on, the chain fits some places further along. */
function resumesAfterGap(rows: readonly SealedRow[], keys: readonly Buffer[]): boolean {
  const [first, second] = rows;
  if (first === undefined || second === undefined) {
    return false;
  }
  return keys.some(
    (key, distance) => distance > 1 && fits(second, first.row.seq + distance, first.hash, key, second.hash),
  );
}

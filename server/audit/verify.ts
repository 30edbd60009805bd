/** Verification of a sealed chain: is every row as it was sealed, and if not, which is the first that is not, and what was done to it? Pure. */
import {
  canonicalRow,
  evolveKey,
  rowHash,
  startChain,
  type ChainHead,
  type ChainState,
  type SealedRow,
} from "#server/audit/chain.ts";

export type TamperKind = "edited" | "deleted" | "inserted" | "reordered" | "truncated";

export type Verdict =
  | { sound: true; head: ChainHead }
  | {
      sound: false;
      /** Sequence number of the first row that is not as it was sealed. */
      seq: number;
      /** Best judgement of what happened; that something did is certain. */
      kind: TamperKind;
    };

/** Rows looked at beyond the first bad one to tell the kinds apart. */
const LOOKAHEAD = 64;

/**
 * Checks `batches` (rows by ascending seq, from 1) against the chain that starts with `firstKey`.
 * @param known head that is known from elsewhere; a chain that ends before it was cut.
 */
export async function verifyChain(
  batches: AsyncIterable<readonly SealedRow[]>,
  firstKey: Buffer,
  known?: ChainHead,
): Promise<Verdict> {
  let state = startChain(firstKey);
  let suspects: SealedRow[] | null = null;
  for await (const batch of batches) {
    let index = 0;
    while (suspects === null && index < batch.length) {
      const sealed = batch[index];
      const next = sealed === undefined ? null : accept(state, sealed, known);
      if (next === null) {
        suspects = [];
      } else {
        state = next;
        index += 1;
      }
    }
    if (suspects !== null) {
      suspects.push(...batch.slice(index, index + LOOKAHEAD));
      if (suspects.length >= LOOKAHEAD) {
        break;
      }
    }
  }
  if (suspects !== null) {
    return { sound: false, seq: state.seq + 1, kind: diagnose(state, suspects, known) };
  }
  if (known !== undefined && state.seq < known.seq) {
    return { sound: false, seq: state.seq + 1, kind: "truncated" };
  }
  return { sound: true, head: { seq: state.seq, hash: state.hash } };
}

/** The state after `sealed`, or null when it is not the row that was sealed at this place. */
function accept(state: ChainState, sealed: SealedRow, known: ChainHead | undefined): ChainState | null {
  const seq = state.seq + 1;
  if (sealed.row.seq !== seq || !fits(sealed, seq, state.hash, state.key, sealed.hash)) {
    return null;
  }
  if (known?.seq === seq && !known.hash.equals(sealed.hash)) {
    return null;
  }
  return { seq, hash: sealed.hash, key: evolveKey(state.key) };
}

/** True when `sealed`, taken as row `seq` after a row with hash `previous`, has the hash `expected`. */
function fits(sealed: SealedRow, seq: number, previous: Buffer, key: Buffer, expected: Buffer): boolean {
  const { row } = sealed;
  return rowHash(key, previous, canonicalRow(row.seq === seq ? row : { ...row, seq })).equals(expected);
}

/** `rows` begin with the first one that did not fit after `state`. */
function diagnose(state: ChainState, rows: readonly SealedRow[], known: ChainHead | undefined): TamperKind {
  const [first] = rows;
  const seq = state.seq + 1;
  if (first === undefined || (known !== undefined && seq > known.seq)) {
    return "inserted";
  }
  if (first.row.seq > seq) {
    return rows.some((other) => other.row.seq === seq) ? "reordered" : "deleted";
  }
  if (first.row.seq < seq) {
    return "inserted";
  }
  const keys = keysFrom(state.key, LOOKAHEAD + 1);
  const home = rows.findIndex((row, distance) => distance > 0 && belongsHere(state, row, first));
  if (home > 0) {
    return continuesAt(rows, home, keys) && !belongsLater(rows, first, seq, keys) ? "inserted" : "reordered";
  }
  return resumesAfterGap(rows, keys) ? "deleted" : "edited";
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

/** The state of a verification while it goes over the rows: chain and tree side by side. Pure. */
import { evolveKey, rowLink, skipKey, startChain, type ChainHead } from "#server/audit/chain.ts";
import {
  append,
  appendSubtree,
  copyRange,
  emptyRange,
  leafHash,
  rootOf,
  type Range,
  type Subtree,
} from "#server/audit/proof/merkle.ts";
import type { RowItem } from "#server/audit/proof/verify-items.ts";
import { diagnose, diagnoseNumbers, type TamperKind } from "#server/audit/proof/verify-diagnose.ts";

export interface WalkStart {
  /** Null when it is kept elsewhere: then only the tree is checked. */
  firstKey: Buffer | null;
  /** What stands for rows that were removed from the beginning. */
  base: { hash: Buffer; range: Range } | undefined;
  heads: readonly ChainHead[];
}

const NO_HASH = Buffer.alloc(32);

export class Walk {
  /** The last row that was looked at. */
  seq: number;
  /** Rows 1 to this one are those of a trusted tree. */
  covered: number;
  /** A removal's word for the tree it leaves is good only when a trusted root has confirmed it. */
  confirmed: boolean;
  /** The first row behind `covered` that the chain does not bind either. */
  unbound: number | null = null;
  /** Of row `seq`; null behind a gap. */
  #hash: Buffer | null;
  /** For the next row; null without the first key. */
  #key: Buffer | null;
  /** Null where rows are missing that nothing stands for. */
  #range: Range | null;
  readonly #heads: ReadonlyMap<number, readonly ChainHead[]>;
  readonly #newest: ChainHead | undefined;

  constructor({ firstKey, base, heads }: WalkStart) {
    const start = firstKey === null ? null : startChain(firstKey);
    this.#range = copyRange(base?.range ?? emptyRange());
    this.seq = this.#range.size;
    this.covered = this.seq;
    this.confirmed = base === undefined;
    this.#hash = base?.hash ?? start?.hash ?? NO_HASH;
    this.#key = start === null ? null : skipKey(start.key, this.seq);
    this.#heads = Map.groupBy(heads, ({ seq }) => seq);
    this.#newest = heads.toSorted((a, b) => b.seq - a.seq)[0];
  }

  /** False, and nothing is changed, when `item` is not the row that was sealed at this place. */
  take(item: RowItem): boolean {
    const seq = this.seq + 1;
    if (this.#heads.get(seq)?.every((known) => known.hash.equals(item.hash)) === false) {
      return false;
    }
    if (this.#key !== null && this.#hash !== null) {
      const { hash, nextKey, leaf } = rowLink(this.#key, this.#hash, item.text);
      if (!hash.equals(item.hash)) {
        return false;
      }
      this.#key = nextKey;
      this.#append(leaf);
    } else {
      if (item.seq !== seq) {
        return false;
      }
      this.unbound ??= seq;
      this.#key = this.#key === null ? null : evolveKey(this.#key);
      this.#append(leafHash(item.line));
    }
    this.#hash = item.hash;
    this.seq = seq;
    return true;
  }

  #append(leaf: Buffer): void {
    if (this.#range !== null) {
      append(this.#range, leaf);
    }
  }

  /** Passes over rows that are not here. @throws RangeError when subtrees do not fit where they stand. */
  skip(rows: number, subtrees: readonly Subtree[] | null): void {
    if (subtrees === null) {
      this.#range = null;
    } else if (this.#range !== null) {
      const range = this.#range;
      subtrees.forEach((subtree) => appendSubtree(range, subtree));
    }
    this.seq += rows;
    this.#hash = null;
    this.#key = this.#key === null ? null : skipKey(this.#key, rows);
  }

  /** Compares the tree over the rows so far with one that somebody vouches for; what is wrong, or null. */
  compare(root: Buffer): { seq: number; upTo?: number; kind: TamperKind } | null {
    if (this.#range === null) {
      return null;
    }
    if (rootOf(this.#range).equals(root)) {
      this.covered = this.seq;
      this.confirmed = true;
      this.unbound = null;
      return null;
    }
    // Where the chain holds every row, it is the tree that is another one.
    return this.#key !== null && this.unbound === null
      ? { seq: this.seq, kind: "checkpoint" }
      : { seq: this.covered + 1, upTo: this.seq, kind: "edited" };
  }

  /** @param items begin with the one that `take` refused. */
  diagnose(items: readonly RowItem[]): TamperKind {
    if (this.#key === null || this.#hash === null) {
      return diagnoseNumbers(this.seq + 1, items);
    }
    const [first, ...rest] = items.map((item) => item.sealed());
    const state = { seq: this.seq, hash: this.#hash, key: this.#key };
    if (first === null) {
      return "edited";
    }
    const rows = first === undefined ? [] : [first, ...rest.filter((row) => row !== null)];
    return diagnose(state, rows, this.#newest);
  }

  head(): ChainHead {
    return { seq: this.seq, hash: this.#hash ?? NO_HASH };
  }

  /** Rows that are known to have been there. */
  get expected(): number {
    return this.#newest?.seq ?? 0;
  }
}

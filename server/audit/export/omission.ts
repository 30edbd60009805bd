/**
 * What stands in an export for rows that are not in it: the roots of the complete subtrees over them, so that the tree can be built without
 * the rows. Pure.
 */
import { nodeHash, type Range, type Subtree } from "#server/audit/proof/merkle.ts";

/** Mutable: `leaveOut` changes it. Rows `from` to `to`, both included; empty while `to` is below `from`. */
export interface Omission {
  from: number;
  to: number;
  /** Left to right, as `coverOf(from - 1, to)` places them. */
  subtrees: Subtree[];
}

/** Nothing left out yet, beginning at row `from`. */
export const startOmission = (from: number): Omission => ({ from, to: from - 1, subtrees: [] });

/** The first rows of a record, whose range is known although they are gone. */
export function omissionOf({ size, roots }: Range): Omission {
  const subtrees: Subtree[] = [];
  let rest = size;
  for (const root of roots) {
    const level = Math.floor(Math.log2(rest));
    subtrees.push({ level, root });
    rest -= 2 ** level;
  }
  return { from: 1, to: size, subtrees };
}

/** Leaves out the row after `to`. */
export function leaveOut(omission: Omission, leaf: Buffer): void {
  omission.to += 1;
  let joined: Subtree = { level: 0, root: leaf };
  for (;;) {
    const left = omission.subtrees.at(-1);
    const width = 2 ** (joined.level + 1);
    // Two neighbours are one subtree only where a subtree of their width begins.
    if (left?.level !== joined.level || omission.to % width !== 0) {
      break;
    }
    omission.subtrees.pop();
    joined = { level: joined.level + 1, root: nodeHash(left.root, joined.root) };
  }
  omission.subtrees.push(joined);
}

import { hash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { leaveOut, omissionOf, startOmission, type Omission } from "#server/audit/export/omission.ts";
import { append, appendSubtree, coverOf, emptyRange, rootOf, type Range } from "#server/audit/proof/merkle.ts";

const leaf = (n: number): Buffer => hash("sha256", String(n), "buffer");

function rangeOver(rows: number): Range {
  const range = emptyRange();
  for (let row = 1; row <= rows; row += 1) {
    append(range, leaf(row));
  }
  return range;
}

function leftOut(omission: Omission, to: number): Omission {
  while (omission.to < to) {
    leaveOut(omission, leaf(omission.to + 1));
  }
  return omission;
}

test("AUD-9 subtrees stand where coverOf places them, and lead to the tree of all rows", () => {
  fc.assert(
    fc.property(fc.nat(150), fc.integer({ min: 1, max: 150 }), fc.nat(20), (before, rows, behind) => {
      const omission = leftOut(startOmission(before + 1), before + rows);
      expect(omission.subtrees.map(({ level }) => level)).toEqual(
        coverOf(before, before + rows).map(([, level]) => level),
      );
      const range = rangeOver(before);
      omission.subtrees.forEach((subtree) => appendSubtree(range, subtree));
      for (let row = before + rows + 1; row <= before + rows + behind; row += 1) {
        append(range, leaf(row));
      }
      expect(rootOf(range)).toEqual(rootOf(rangeOver(before + rows + behind)));
    }),
  );
});

test("AUD-9 removed rows are continued from their range alone", () => {
  fc.assert(
    fc.property(fc.nat(150), fc.nat(150), (removed, more) => {
      const omission = leftOut(omissionOf(rangeOver(removed)), removed + more);
      expect(omission).toEqual(leftOut(startOmission(1), removed + more));
    }),
  );
});

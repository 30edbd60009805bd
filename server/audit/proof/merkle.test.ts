import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  append,
  appendSubtree,
  consistencyPlaces,
  coverOf,
  emptyRange,
  isConsistent,
  isRange,
  leafHash,
  nodeHash,
  rootOf,
} from "#server/audit/proof/merkle.ts";

/** The definition of RFC 9162 § 2.1.1, word for word. */
function treeHash(leaves: readonly Buffer[]): Buffer {
  const [first] = leaves;
  if (first === undefined) {
    return rootOf(emptyRange());
  }
  if (leaves.length === 1) {
    return first;
  }
  let half = 1;
  while (half * 2 < leaves.length) {
    half *= 2;
  }
  return nodeHash(treeHash(leaves.slice(0, half)), treeHash(leaves.slice(half)));
}

const leavesOf = (count: number): Buffer[] => Array.from({ length: count }, (_, index) => leafHash(`line ${index}`));

function rangeOf(leaves: readonly Buffer[]) {
  const range = emptyRange();
  leaves.forEach((leaf) => append(range, leaf));
  return range;
}

describe("AUD-4 the tree over the record", () => {
  it("has the empty root and the test leaves of RFC 6962", () => {
    expect(rootOf(emptyRange()).toString("hex")).toBe(
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    );
    expect(leafHash("").toString("hex")).toBe("6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
  });

  it("AUD-4 grows to the root of the definition, leaf by leaf", () => {
    const leaves = leavesOf(130);
    const range = emptyRange();
    leaves.forEach((leaf, index) => {
      append(range, leaf);
      expect(isRange(range)).toBe(true);
      expect(rootOf(range).equals(treeHash(leaves.slice(0, index + 1)))).toBe(true);
    });
  });

  it("AUD-4 takes subtrees in the place of the leaves below them", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), fc.nat(), fc.nat(), (size, a, b) => {
        const leaves = leavesOf(size);
        const [from, to] = [a % (size + 1), b % (size + 1)].sort((x, y) => x - y) as [number, number];
        const range = rangeOf(leaves.slice(0, from));
        for (const [start, level] of coverOf(from, to)) {
          appendSubtree(range, { level, root: treeHash(leaves.slice(start, start + 2 ** level)) });
        }
        leaves.slice(to).forEach((leaf) => append(range, leaf));
        expect(rootOf(range).equals(treeHash(leaves))).toBe(true);
      }),
    );
  });

  it("AUD-4 refuses a subtree where none of its size begins", () => {
    expect(() => appendSubtree(rangeOf(leavesOf(1)), { level: 1, root: leafHash("x") })).toThrow(RangeError);
  });

  it("AUD-4 proves that a tree continues an older one, and only that one", () => {
    const leaves = leavesOf(70);
    const roots = Array.from({ length: 71 }, (_, size) => treeHash(leaves.slice(0, size)));
    const other = leafHash("another");
    for (let size = 1; size <= 70; size += 1) {
      for (let old = 0; old <= size; old += 1) {
        const proof = consistencyPlaces(old, size).map(([start, end]) => treeHash(leaves.slice(start, end)));
        const [older, newer] = [
          { size: old, root: roots[old] ?? other },
          { size, root: roots[size] ?? other },
        ];
        expect(isConsistent(older, newer, proof), `${old} to ${size}`).toBe(true);
        if (old > 0) {
          expect(isConsistent({ ...older, root: other }, newer, proof), `${old} to ${size}, other past`).toBe(false);
          expect(isConsistent(older, { ...newer, root: other }, proof), `${old} to ${size}, other now`).toBe(false);
          expect(isConsistent(older, newer, [...proof, other]), `${old} to ${size}, longer`).toBe(false);
        }
      }
    }
  });
});

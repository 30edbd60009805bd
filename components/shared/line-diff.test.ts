import { expect, test } from "vitest";
import { diffLines, withContext } from "#components/shared/line-diff.ts";

const signs = { same: " ", added: "+", removed: "-" } as const;
const drawn = (before: string, after: string) =>
  diffLines(before, after).map(({ kind, text }) => `${signs[kind]}${text}`);

test("equal texts have no change", () => {
  expect(drawn("a\nb", "a\nb")).toEqual([" a", " b"]);
});

test("a changed line is removed and added", () => {
  expect(drawn("a\nb\nc", "a\nB\nc")).toEqual([" a", "-b", "+B", " c"]);
});

test("lines are numbered in both texts", () => {
  expect(diffLines("a\nb", "x\na\nb").map(({ before, after }) => [before, after])).toEqual([
    [null, 1],
    [1, 2],
    [2, 3],
  ]);
});

test("what both texts share in the middle is kept", () => {
  expect(drawn("1\nsame\n2", "3\nsame\n4")).toEqual(["-1", "+3", " same", "-2", "+4"]);
});

test("far from any change, lines are left out", () => {
  const lines = diffLines("a\nb\nc\nd\ne", "a\nb\nc\nd\nE");
  expect(withContext(lines, 1).map((line) => line?.text ?? null)).toEqual([null, "d", "e", "E"]);
});

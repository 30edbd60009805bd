import fc from "fast-check";
import { expect, test } from "vitest";
import { diffTexts } from "#server/configuration/text-diff.ts";

const words = (before: string, after: string) =>
  diffTexts(before, after).hunks.map((hunk) =>
    hunk.map(({ kind, text }) => `${kind === "added" ? "+" : kind === "removed" ? "-" : " "}${text}`),
  );

test("equal texts differ in nothing", () => {
  expect(diffTexts("a\nb\n", "a\nb\n")).toEqual({ hunks: [], added: 0, removed: 0 });
});

test("a changed line stands between its neighbours, with its numbers", () => {
  expect(words("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nfive\n6\n7\n8\n9\n")).toEqual([
    [" 2", " 3", " 4", "-5", "+five", " 6", " 7", " 8"],
  ]);
  expect(diffTexts("a\nb\n", "a\nx\nb\n").hunks[0]).toContainEqual({
    kind: "added",
    before: null,
    after: 2,
    text: "x",
  });
});

test("far changes are hunks of their own, near ones share one", () => {
  const lines = Array.from({ length: 30 }, (_, n) => `line ${n}`);
  const edited = lines.map((line, n) => (n === 2 || n === 25 ? `${line}!` : line));
  expect(diffTexts(lines.join("\n"), edited.join("\n")).hunks).toHaveLength(2);
});

test("a new file is all added", () => {
  expect(diffTexts("", "a\nb\n")).toMatchObject({ added: 2, removed: 0 });
});

test("the new text can be read from the lines, whatever changed", () => {
  const text = fc.array(fc.constantFrom("a", "b", "c", ""), { maxLength: 12 }).map((lines) => lines.join("\n"));
  fc.assert(
    fc.property(text, text, (before, after) => {
      const { hunks, added, removed } = diffTexts(before, after);
      const shown = hunks.flat();
      expect(shown.filter(({ kind }) => kind === "added")).toHaveLength(added);
      const count = (value: string) => (value === "" ? 0 : value.replace(/\r?\n$/, "").split("\n").length);
      expect(count(before) - removed + added).toBe(count(after));
    }),
  );
});

test("huge texts that share nothing are compared in bounded time", () => {
  const of = (letter: string) => Array.from({ length: 5_000 }, (_, n) => `${letter}${n}`).join("\n");
  expect(diffTexts(of("a"), of("b"))).toMatchObject({ added: 5_000, removed: 5_000 });
});

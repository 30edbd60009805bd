import { expect, test } from "vitest";
import { namesShown } from "#server/core/name-list.ts";

const many = (count: number): string[] => Array.from({ length: count }, (_, index) => `n${index + 1}`);

test("names all of a few, and of many the first twenty and that there are more", () => {
  expect([namesShown([]), namesShown(["a/x", "b/*"])]).toEqual(["", "a/x, b/*"]);
  expect(namesShown(many(20))).toBe(many(20).join(", "));
  expect(namesShown(many(21))).toBe(`${many(20).join(", ")} …`);
});

import { expect, test } from "vitest";
import { plainText } from "#components/shared/plain-text.ts";

test.each([
  ["colours", "\u001B[31;1mred\u001B[0m", "red"],
  ["a cursor that moves up and clears", "ok\u001B[2A\u001B[2K fake", "ok fake"],
  ["a window title", "\u001B]0;owned\u0007text", "text"],
  ["a hyperlink", "\u001B]8;;http://x\u001B\\link\u001B]8;;\u001B\\", "link"],
  ["eight-bit escapes", "\u009B31mred", "red"],
  ["NUL and bell", "a\u0000b\u0007", "a\u{fffd}b\u{fffd}"],
  ["text that runs backwards", "a\u202Eb", "a\u{fffd}b"],
  ["characters that are not seen", "a\u200Bb\u2028c", "a\u{fffd}b\u{fffd}c"],
  ["a tab stays", "a\tb", "a\tb"],
  ["markup is text", "<script>alert(1)</script>", "<script>alert(1)</script>"],
])("%s", (_name, text, shown) => {
  expect(plainText(text)).toBe(shown);
});

test("an escape that never ends takes no more than itself and no time", () => {
  const started = performance.now();
  expect(plainText(`\u001B[${"1;".repeat(200_000)}`).length).toBeGreaterThan(0);
  expect(performance.now() - started).toBeLessThan(1_000);
});

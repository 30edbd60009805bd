import { expect, test } from "vitest";
import { dollars } from "./words.ts";

test.each([
  [0, "$0.00"],
  [0.000_123, "$0.000123"],
  [0.01, "$0.01"],
  [1234.5, "$1,234.50"],
])("%d is %s", (amount, text) => {
  expect(dollars(amount)).toBe(text);
});

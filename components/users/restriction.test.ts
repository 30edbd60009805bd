import fc from "fast-check";
import { expect, test } from "vitest";
import { parseLimit, typedLimit, windowText } from "#components/users/restriction.ts";

test("AUTHZ-2 a limit of whole seconds reads back as it was", () => {
  const limit = fc.record({
    maxMessages: fc.integer({ min: 1, max: 1_000_000_000 }),
    timeWindowMs: fc.integer({ min: 1, max: 365 * 86_400 }).map((seconds) => seconds * 1_000),
  });
  fc.assert(
    fc.property(limit, (restriction) => {
      expect(parseLimit(typedLimit(restriction))).toEqual({ restriction });
    }),
  );
});

test.each([
  ["0", "1", { maxMessages: expect.any(String) as string }],
  ["10", "", { window: expect.any(String) as string }],
  ["1.5", "366", { maxMessages: expect.any(String) as string, window: expect.any(String) as string }],
  ["-1", "1", { maxMessages: expect.any(String) as string }],
])("AUTHZ-2 %s messages in %s days is refused by the field", (maxMessages, window, problems) => {
  expect(parseLimit({ maxMessages, window, unit: "days" })).toEqual(problems);
});

test.each([
  [1_000, "1 second"],
  [90_000, "90 seconds"],
  [3_600_000, "1 hour"],
  [172_800_000, "2 days"],
])("a window of %d ms reads %j", (ms, text) => {
  expect(windowText(ms)).toBe(text);
});

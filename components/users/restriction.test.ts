import fc from "fast-check";
import { expect, test } from "vitest";
import { parseLimit, typedLimit } from "#components/users/restriction.ts";

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

import { expect, test } from "vitest";
import { defaultLifetime, lifetimeMs, lifetimeOptions } from "#components/tokens/lifetimes.ts";

const HOUR = 3_600_000;

test("AUTH-5 the configured default is offered first and marked, whether it is one of the presets or not", () => {
  expect(lifetimeOptions(24 * HOUR).map(({ label }) => label)).toContain("24 hours (default)");
  expect(defaultLifetime(24 * HOUR)).toBe("24h");
  expect(lifetimeOptions(36 * HOUR)[0]).toEqual({ value: "default", label: "36 hours (default)" });
  expect(defaultLifetime(36 * HOUR)).toBe("default");
});

test.each([
  ["1h", "", HOUR],
  ["90d", "", 90 * 24 * HOUR],
  ["never", "", null],
  ["default", "", undefined],
  ["custom", "3", 72 * HOUR],
  ["custom", "0", "invalid"],
  ["custom", "1.5", "invalid"],
  ["custom", "", "invalid"],
  ["custom", "4000", "invalid"],
])("AUTH-5 %s with %j days means %j milliseconds", (value, days, ms) => {
  expect(lifetimeMs(value, days)).toBe(ms);
});

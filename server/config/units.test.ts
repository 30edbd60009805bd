import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  DAY,
  formatDuration,
  formatMode,
  formatSize,
  HOUR,
  MINUTE,
  parseCores,
  parseDuration,
  parseMode,
  parseSize,
} from "#server/config/units.ts";

const whole = fc.maxSafeNat();

describe("durations", () => {
  test.each([
    ["24h", DAY],
    ["30d", 30 * DAY],
    ["1.5h", 90 * MINUTE],
    ["2w", 14 * DAY],
    ["500ms", 500],
    ["10 S", 10_000],
    [900_000, 15 * MINUTE],
    ["0s", 0],
  ])("%j", (written, ms) => expect(parseDuration(written)).toBe(ms));

  test.each(["24x", "", "h", "-1h", "1e3s", "1h30m", "24", "9999999999999h", "0.0001ms", NaN, -1, 1.5, Infinity])(
    "%j is none",
    (written) => expect(parseDuration(written)).toBeUndefined(),
  );

  test("what is formatted is read back exactly", () => {
    fc.assert(fc.property(whole, (ms) => parseDuration(formatDuration(ms)) === ms || ms >= 1e12));
    expect(formatDuration(24 * HOUR)).toBe("1d");
    expect(formatDuration(90 * MINUTE)).toBe("90m");
  });
});

describe("sizes", () => {
  test.each([
    ["512m", 512 * 1024 ** 2],
    ["1g", 1024 ** 3],
    ["10MB", 10 * 1024 ** 2],
    ["10MiB", 10 * 1024 ** 2],
    ["0.5k", 512],
    ["7b", 7],
    [4096, 4096],
  ])("%j", (written, bytes) => expect(parseSize(written)).toBe(bytes));

  test.each(["512", "m", "-1m", "1ib", "1p", "0x10m", "9999999t", "0.3b"])("%j is none", (written) =>
    expect(parseSize(written)).toBeUndefined(),
  );

  test("what is formatted is read back exactly", () => {
    fc.assert(fc.property(whole, (bytes) => parseSize(formatSize(bytes)) === bytes || bytes >= 1e15));
  });
});

test("processor cores", () => {
  expect(["0.5", "2", 1.25, "0", "-1", "x", "1e1", ""].map(parseCores)).toEqual([
    0.5,
    2,
    1.25,
    ...Array<undefined>(5).fill(undefined),
  ]);
});

test("DATA-4 file modes are octal text", () => {
  expect(["600", "0640", "888", "7777", "6", ""].map(parseMode)).toEqual([
    0o600,
    0o640,
    ...Array<undefined>(4).fill(undefined),
  ]);
  fc.assert(fc.property(fc.integer({ min: 0, max: 0o777 }), (mode) => parseMode(formatMode(mode)) === mode));
});

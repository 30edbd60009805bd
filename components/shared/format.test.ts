import { expect, test } from "vitest";
import { formatAge, formatBytes, formatDuration, formatRelative, formatUtc } from "#components/shared/format.ts";

test.each([
  [-5, "0 s"],
  [0, "0 s"],
  [59_999, "59 s"],
  [60_000, "1 min"],
  [3_599_999, "59 min"],
  [3_600_000, "1 h"],
  [86_400_000, "1 d"],
  [864_000_000, "10 d"],
])("an age of %d ms reads %j", (ms, text) => {
  expect(formatAge(ms)).toBe(text);
});

test.each([
  [0, "0 ms"],
  [999, "999 ms"],
  [1_000, "1.0 s"],
  [2_449, "2.4 s"],
  [59_999, "59.9 s"],
  [200_000, "3 min 20 s"],
])("a duration of %d ms reads %j", (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});

test("exact times are in UTC", () => {
  expect(formatUtc(new Date("2026-03-01T15:05:09.123+01:00"))).toBe("2026-03-01 14:05:09 UTC");
});

test.each([
  [0, "now"],
  [-9_999, "now"],
  [-60_000, "1 min ago"],
  [259_200_000, "in 3 d"],
])("%d ms from now reads %j", (ms, text) => {
  expect(formatRelative(ms)).toBe(text);
});

test.each([
  [0, "0 B"],
  [1_023, "1023 B"],
  [1_434, "1.4 KiB"],
  [20_480, "20 KiB"],
  [3_221_225_472, "3.0 GiB"],
])("%d bytes read %j", (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

import { expect, test } from "vitest";
import { createBacklogAge } from "#server/metrics/process/backlog-age.ts";

test("MON-1 the sealer's lag is how long the oldest batch has been seen", () => {
  const age = createBacklogAge();
  expect(age.observe(0, null)).toBe(0);
  expect(age.observe(1_000, { oldestId: 1, newestId: 5 })).toBe(0);
  // Nothing is sealed while more comes.
  expect(age.observe(2_000, { oldestId: 1, newestId: 9 })).toBe(1_000);
  expect(age.observe(9_000, { oldestId: 1, newestId: 9 })).toBe(8_000);
  // The first five are gone: the sixth was there at 2,000.
  expect(age.observe(10_000, { oldestId: 6, newestId: 20 })).toBe(8_000);
  expect(age.observe(11_000, null)).toBe(0);
  expect(age.observe(12_000, { oldestId: 30, newestId: 30 })).toBe(0);
});

test("MON-1 a sealer that never works costs no memory and is told rightly", () => {
  const age = createBacklogAge();
  for (let n = 0; n < 5_000; n += 1) {
    expect(age.observe(n, { oldestId: 1, newestId: n + 1 })).toBe(n);
  }
});

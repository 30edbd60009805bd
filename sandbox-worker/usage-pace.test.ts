import { expect, test } from "vitest";
import { nextUsageIn } from "#worker/usage-pace.ts";

const DAY_MS = 24 * 3600_000;

function samplesIn(runMs: number): number {
  let count = 0;
  for (let at = nextUsageIn(0); at <= runMs; at += nextUsageIn(at)) {
    count += 1;
  }
  return count;
}

test("a minute is told every 2 s, and the longest run there can be in at most 300 samples", () => {
  expect(samplesIn(60_000)).toBe(30);
  expect(samplesIn(DAY_MS)).toBeGreaterThan(200);
  expect(samplesIn(DAY_MS)).toBeLessThanOrEqual(300);
});

/** Restart delays: bounded, growing, never in step. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { countFailures, restartDelayMs } from "./backoff.ts";

const failures = fc.integer({ min: 1, max: 10_000 });
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe("restartDelayMs", () => {
  it("lies between an eighth of a second and half a minute", () => {
    fc.assert(
      fc.property(failures, random, (count, jitter) => {
        const delay = restartDelayMs(count, jitter);
        return delay >= 125 && delay <= 30_000;
      }),
    );
  });

  it("never shrinks with more failures at the same jitter", () => {
    fc.assert(
      fc.property(
        failures,
        random,
        (count, jitter) => restartDelayMs(count + 1, jitter) >= restartDelayMs(count, jitter),
      ),
    );
  });

  it("doubles and then stays", () => {
    expect([1, 2, 3, 4, 20, 2_000].map((count) => restartDelayMs(count, 0))).toEqual([
      125, 250, 500, 1_000, 15_000, 15_000,
    ]);
  });
});

describe("countFailures", () => {
  it("starts again after a minute of health", () => {
    expect(countFailures(5, 59_999)).toBe(6);
    expect(countFailures(5, 60_000)).toBe(1);
  });
});

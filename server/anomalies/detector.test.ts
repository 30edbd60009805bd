import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { seededRandom } from "../../tests/support/seeded-random.ts";
import { Detector, type DetectorState, type Verdict } from "#server/anomalies/detector.ts";

const FIVE_MINUTES = 300_000;
const DAY_ROWS = 288;
const START = Date.UTC(2026, 2, 2);

/** Feeds `rows` values and gives what was said about each. */
function feed(detector: Detector, rows: number, value: (row: number) => number, from = 0): Verdict[] {
  return Array.from({ length: rows }, (_, row) =>
    detector.step(START + (from + row) * FIVE_MINUTES, value(from + row)),
  );
}

const highest = (verdicts: readonly Verdict[]): number => Math.max(...verdicts.map(({ score }) => score));
const alerts = (verdicts: readonly Verdict[]): number => verdicts.filter(({ score }) => score >= 0.8).length;

/** A day's wave with noise, about 100. */
function wave(seed: number): (row: number) => number {
  const random = seededRandom(seed);
  return (row) => 100 + 50 * Math.sin((2 * Math.PI * row) / DAY_ROWS) + 10 * (random() + random() - 1);
}

describe("MON-1 the detector", () => {
  it("MON-1 finds a spike at the row where it comes, with what was expected", () => {
    const detector = new Detector();
    feed(detector, 10 * DAY_ROWS, wave(1));
    const [verdict] = feed(detector, 1, () => 400, 10 * DAY_ROWS);
    expect(verdict?.score).toBeGreaterThan(0.8);
    expect(verdict?.expectedHigh).toBeLessThan(170);
    expect(verdict?.expectedLow).toBeGreaterThan(50);
  });

  it("MON-1 finds a value that is usual at noon but not at night", () => {
    const detector = new Detector();
    const normal = wave(2);
    feed(detector, 10 * DAY_ROWS, normal);
    const night = 10 * DAY_ROWS + 216;
    feed(detector, 216, normal, 10 * DAY_ROWS);
    const [verdict] = feed(detector, 1, () => 145, night);
    expect(verdict).toMatchObject({ reason: expect.stringMatching(/higher|jump/) as string });
    expect(verdict?.score).toBeGreaterThan(0.8);
  });

  it("MON-1 lets a daily spike and a weekly rhythm pass", () => {
    const detector = new Detector();
    const random = seededRandom(3);
    const value = (row: number): number => {
      const weekend = Math.floor(row / DAY_ROWS) % 7 >= 5;
      return (row % DAY_ROWS === 100 ? 300 : weekend ? 20 : 100) + 10 * random();
    };
    feed(detector, 21 * DAY_ROWS, value);
    expect(alerts(feed(detector, 14 * DAY_ROWS, value, 21 * DAY_ROWS))).toBe(0);
  });

  it("MON-1 reports a level shift once, then takes the new level for normal", () => {
    const detector = new Detector();
    const normal = wave(4);
    feed(detector, 10 * DAY_ROWS, normal);
    const shifted = feed(detector, 4 * DAY_ROWS, (row) => normal(row) + 300, 10 * DAY_ROWS);
    expect(alerts(shifted.slice(0, 12))).toBeGreaterThan(0);
    expect(alerts(shifted)).toBeLessThan(6);
    expect(alerts(shifted.slice(2 * DAY_ROWS))).toBe(0);
  });

  it("MON-1 says nothing certain in the first two days, nor about a line that never moved", () => {
    const detector = new Detector();
    expect(alerts(feed(detector, 2 * DAY_ROWS, wave(5)))).toBe(0);
    expect(highest(feed(new Detector(), 3000, () => 45))).toBe(0);
  });

  it("MON-1 notices that a lively value stopped moving", () => {
    const detector = new Detector();
    const random = seededRandom(6);
    feed(detector, 3000, () => Math.round(100 * random()));
    const stuck = feed(detector, 60, () => 50, 3000);
    expect(stuck.find(({ reason }) => reason === "frozen")?.unusual).toBeGreaterThan(0.4);
  });

  it("MON-1 finds a burst among counts that are nearly always zero, and no alert in the rest", () => {
    const detector = new Detector();
    const random = seededRandom(7);
    const quiet = (): number => (random() < 0.02 ? 1 + Math.floor(2 * random()) : 0);
    expect(alerts(feed(detector, 14 * DAY_ROWS, quiet))).toBeLessThanOrEqual(1);
    expect(highest(feed(detector, 1, () => 60, 14 * DAY_ROWS))).toBeGreaterThan(0.8);
  });

  it("MON-1 is not upset by a gap", () => {
    const detector = new Detector();
    const normal = wave(8);
    feed(detector, 10 * DAY_ROWS, normal);
    expect(alerts(feed(detector, 2 * DAY_ROWS, normal, 13 * DAY_ROWS + 77))).toBe(0);
  });

  it("MON-1 goes on from its stored state exactly as if it had never stopped, and the state stays small", () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 0, max: 600 }), (seed, cut) => {
        const whole = new Detector();
        const expected = feed(whole, 700, wave(seed));
        const first = new Detector();
        const value = wave(seed);
        const before = feed(first, cut, value);
        const stored = JSON.stringify(first.state());
        expect(stored.length).toBeLessThan(40_000);
        const second = new Detector(JSON.parse(stored) as DetectorState);
        const after = feed(second, 700 - cut, value, cut);
        [...before, ...after].forEach((verdict, row) =>
          expect(verdict.score).toBeCloseTo(expected[row]?.score ?? NaN, 9),
        );
      }),
      { numRuns: 15 },
    );
  });

  it("MON-1 scores whatever finite values and moments come between 0 and 1, the same for the same scale", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.double({ noNaN: true, min: -1e9, max: 1e9 }), fc.integer({ min: -1e9, max: 1e12 })), {
          minLength: 1,
          maxLength: 400,
        }),
        (rows) => {
          const one = new Detector();
          const scaled = new Detector();
          let at = 0;
          for (const [value, step] of rows) {
            at += step;
            const verdict = one.step(at, value);
            expect(verdict.score).toBeGreaterThanOrEqual(0);
            expect(verdict.score).toBeLessThanOrEqual(1);
            expect(verdict.expectedLow).toBeLessThanOrEqual(verdict.expectedHigh);
            expect(scaled.step(at, value * 64).score).toBeCloseTo(verdict.score, 6);
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});

import { describe, expect, it } from "vitest";
import { bestThreshold, countFalseAlarms, probationRows, scaledSigmoid, scoreAt } from "./nab-score.ts";

const STANDARD = { truePositive: 1, falseNegative: 1, falsePositive: 0.11 };
/** 100 rows (15 of probation) with a window over rows 50 to 59, and 1 at `reported`. */
const series = (...reported: number[]) => ({
  scores: Array.from({ length: 100 }, (_, row) => (reported.includes(row) ? 1 : 0)),
  windows: [[50, 59]] as [number, number][],
});
const at = (...reported: number[]) => scoreAt([series(...reported)], STANDARD, 1);

describe("P-ANO-1 scoring as the Numenta Anomaly Benchmark", () => {
  it("P-ANO-1 leaves out 15 % of a file as probation, at most 750 rows", () => {
    expect([probationRows(100), probationRows(4032), probationRows(22_695)]).toEqual([15, 604, 750]);
  });

  it("P-ANO-1 weighs positions by the scaled sigmoid", () => {
    expect(scaledSigmoid(-1)).toBeCloseTo(0.98661, 5);
    expect(scaledSigmoid(0)).toBe(0);
    expect(scaledSigmoid(1)).toBeCloseTo(-0.98661, 5);
    expect(scaledSigmoid(3.01)).toBe(-1);
  });

  it("P-ANO-1 is 0 for nothing reported and 100 for the first row of every window", () => {
    expect(at()).toBe(0);
    expect(at(50)).toBeCloseTo(100, 10);
  });

  it("P-ANO-1 counts the earliest row within a window only", () => {
    // Row 55: position −(59 − 55 + 1) / 10 = −0.5, 2/(1+e^−2.5) − 1 = 0.848284; over 0.986614 = 0.859793; (1 + 0.859793) / 2.
    expect(at(55)).toBeCloseTo(92.9896, 3);
    expect(at(55, 56, 59)).toBeCloseTo(92.9896, 3);
  });

  it("P-ANO-1 takes off for each false positive by its distance from the window before it", () => {
    // Before any window: −0.11 of 2.
    expect(at(20, 50)).toBeCloseTo(100 - 5.5, 6);
    // Row 64: 5 rows after the window's end over 9: 2/(1+e^(25/9)) − 1 = −0.882889.
    expect(at(50, 64)).toBeCloseTo(100 - 5.5 * 0.882889, 3);
    // More than three widths away: −1.
    expect(at(50, 90)).toBeCloseTo(100 - 5.5, 6);
  });

  it("P-ANO-1 neither punishes nor rewards within the probation", () => {
    expect(at(3, 14)).toBe(0);
    expect(at(15)).toBeCloseTo(-5.5, 6);
  });

  it("P-ANO-1 finds the one threshold that serves all files best", () => {
    const good = { scores: series().scores.map((_, row) => (row === 50 ? 0.7 : 0.1)), windows: series().windows };
    const noisy = {
      scores: series().scores.map((_, row) => (row === 52 ? 0.6 : row > 70 ? 0.65 : 0)),
      windows: series().windows,
    };
    // At 0.6 the second window is gained (worth 2/4 of all), and 29 false alarms cost up to 0.11 / 4 each, more than that.
    expect(bestThreshold([good, noisy], STANDARD)).toEqual({ threshold: 0.7, score: 50 });
    expect(bestThreshold([good], STANDARD).score).toBeCloseTo(100, 10);
    expect(countFalseAlarms(noisy, 0.6)).toBe(29);
  });

  it("P-ANO-1 reports nothing when every row would be a false alarm", () => {
    expect(bestThreshold([{ scores: Array<number>(100).fill(0.5), windows: [] }], STANDARD).threshold).toBe(Infinity);
  });
});

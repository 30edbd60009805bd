/** The counts of `npm test` never look better than the run was. */
import { describe, expect, it } from "vitest";
import { addUp, countPlaywright, countVitest, lastLine } from "./results.mjs";

/** A report of one file with a test per given status. */
const vitestReport = (...statuses) => ({
  testResults: [
    {
      status: statuses.includes("failed") ? "failed" : "passed",
      assertionResults: statuses.map((status) => ({ status })),
    },
  ],
});
const VITEST = vitestReport("passed", "passed", "passed");
const PLAYWRIGHT = { stats: { expected: 2, unexpected: 0, flaky: 0, skipped: 0 }, errors: [] };

describe("counts", () => {
  it("adds passed, failed and skipped tests of all parts", () => {
    const vitest = countVitest(vitestReport("passed", "passed", "passed", "failed", "pending", "todo"), 1);
    const playwright = countPlaywright(
      { ...PLAYWRIGHT, stats: { expected: 2, unexpected: 1, flaky: 1, skipped: 1 } },
      1,
    );
    expect(lastLine(addUp([vitest, playwright]))).toBe("6 passed, 2 failed, 3 skipped");
  });

  it("leaves skipped tests out of the last line when there are none", () => {
    expect(lastLine(countVitest(VITEST, 0))).toBe("3 passed, 0 failed");
  });

  it("counts a file that does not load as a failure", () => {
    const testResults = [...VITEST.testResults, { status: "failed", assertionResults: [] }];
    expect(countVitest({ testResults }, 1)).toEqual({ passed: 3, failed: 1, skipped: 0 });
  });

  it("does not count a failed test twice", () => {
    expect(countVitest(vitestReport("failed"), 1).failed).toBe(1);
  });

  it("counts a command that fails although all its tests passed", () => {
    expect(countVitest(VITEST, 1).failed).toBe(1);
    expect(countPlaywright(PLAYWRIGHT, 1).failed).toBe(1);
  });

  it("counts a run of no tests as a failure", () => {
    expect(countVitest({ testResults: [] }, 0).failed).toBe(1);
    expect(countPlaywright({ stats: { expected: 0, unexpected: 0, flaky: 0, skipped: 0 }, errors: [] }, 0).failed).toBe(
      1,
    );
  });

  it("counts errors outside of tests", () => {
    expect(countPlaywright({ ...PLAYWRIGHT, errors: [{}] }, 1).failed).toBe(1);
  });
});

/** Counts of a test run, from the machine-readable reports of vitest and Playwright. */

/** @typedef {{passed: number, failed: number, skipped: number}} Counts */

/** Counts single tests (the report's own sums miss some skipped ones). A file that does not even load holds none, yet is a failure. */
export function countVitest(report, exitCode) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const { status, assertionResults } of report.testResults) {
    for (const test of assertionResults) {
      counts[test.status === "passed" || test.status === "failed" ? test.status : "skipped"] += 1;
    }
    if (status === "failed" && !assertionResults.some((test) => test.status === "failed")) {
      counts.failed += 1;
    }
  }
  return sound(counts, exitCode);
}

export function countPlaywright(report, exitCode) {
  const { expected, unexpected, flaky, skipped } = report.stats;
  return sound({ passed: expected + flaky, failed: unexpected + report.errors.length, skipped }, exitCode);
}

/** For a part whose report is missing. */
export const NO_REPORT = { passed: 0, failed: 1, skipped: 0 };

/** A command that failed, or ran nothing at all, must never count as a success. */
function sound(counts, exitCode) {
  const nothingRan = counts.passed + counts.failed === 0;
  return counts.failed === 0 && (exitCode !== 0 || nothingRan) ? { ...counts, failed: 1 } : counts;
}

export function addUp(all) {
  return all.reduce(
    (sum, { passed, failed, skipped }) => ({
      passed: sum.passed + passed,
      failed: sum.failed + failed,
      skipped: sum.skipped + skipped,
    }),
    { passed: 0, failed: 0, skipped: 0 },
  );
}

export function lastLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}

/**
 * Checks that are judged already: by the rules that every start and reload of the configuration obeys. Here each gets a stable id. What no row
 * names is still told, by the two at the end.
 */
import type { Problem } from "#server/config/index.ts";
import { checksOf, type Check, type Hit } from "#server/scan/check.ts";
import { ACCESS_ROWS } from "#server/scan/checks/problem-rows/access.ts";
import { DATA_ROWS } from "#server/scan/checks/problem-rows/data.ts";
import { GENERAL_ROWS, REASON_ROWS } from "#server/scan/checks/problem-rows/general.ts";
import { NETWORK_ROWS } from "#server/scan/checks/problem-rows/network.ts";
import type { Row } from "#server/scan/checks/problem-rows/row.ts";
import { SANDBOX_ROWS } from "#server/scan/checks/problem-rows/sandbox.ts";

// The first row that fits takes the problem.
const ROWS: readonly Row[] = [
  ...REASON_ROWS,
  ...ACCESS_ROWS,
  ...NETWORK_ROWS,
  ...DATA_ROWS,
  ...SANDBOX_ROWS,
  ...GENERAL_ROWS,
];

const fits = (entry: Row, { path, reason, severity }: Problem): boolean =>
  entry.path.test(path) && (entry.of ?? severity) === severity && (entry.reason?.test(reason) ?? true);

/** TLS warnings of files come with the certificate's own checks. */
const isOfCertificate = ({ path, severity }: Problem): boolean =>
  severity === "warning" && /^gateway\.tls\.(?:cert|key)$/.test(path);

function hitOf({ path, line, column, reason, fix }: Problem): Hit {
  const subject = path === "" ? `line ${line}` : path;
  return {
    subject,
    evidence: `${path === "" ? "The file" : path} ${reason}.`,
    fix,
    placed: { path, line, column },
  };
}

export const PROBLEM_CHECKS: readonly Check[] = ROWS.flatMap((entry) =>
  checksOf(
    entry.area,
    ["problems"],
    [
      {
        id: entry.id,
        severity: entry.severity,
        title: entry.title,
        why: entry.why,
        run: ({ problems }) =>
          problems
            .filter((problem) => !isOfCertificate(problem) && ROWS.find((other) => fits(other, problem)) === entry)
            .map(hitOf),
      },
    ],
  ),
);

/** `npm run check`: types, lint, format, import rules and dead code. */
import { runChecks, showCheck } from "./lib/checks.mjs";
import { prepare } from "./lib/prepare.mjs";
import { showProblem } from "./lib/report.mjs";

try {
  const { node } = await prepare({ console: false, sandbox: false, browser: false });
  const results = await runChecks(node, showCheck);
  const failed = results.filter(({ passed }) => !passed).length;
  console.log(`\n${results.length - failed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
} catch (error) {
  showProblem(error);
  process.exitCode = 1;
}

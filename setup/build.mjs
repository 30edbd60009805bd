/** `npm run build`: everything a start needs, without starting. */
import { prepare } from "./lib/prepare.mjs";
import { showProblem } from "./lib/report.mjs";

try {
  const { problems } = await prepare({ console: true, sandbox: true, browser: false, redis: false });
  problems.forEach(showProblem);
  process.exitCode = problems.length === 0 ? 0 : 1;
} catch (error) {
  showProblem(error);
  process.exitCode = 1;
}

/** `npm start`: brings in what is missing, then runs the product. Runs on Node 20 and without any package. */
import { spawn } from "node:child_process";
import { inRoot, ROOT } from "./lib/project.mjs";
import { needsOf, prepare } from "./lib/prepare.mjs";
import { note, showProblem } from "./lib/report.mjs";

const args = process.argv.slice(2);

async function main() {
  console.log("\nOpenClaw Gateway\n");
  const { node, problems } = await prepare(needsOf(args));
  for (const problem of problems) {
    note(problem.message);
  }
  // The channel tells the supervisor when this script is gone.
  const child = spawn(node, [inRoot("supervisor/main.ts"), ...args], {
    cwd: ROOT,
    stdio: ["inherit", "inherit", "inherit", "ipc"],
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => child.kill(signal));
  }
  const code = await new Promise((resolve) => {
    child.once("error", (error) => {
      showProblem(error);
      resolve(1);
    });
    child.once("exit", (status, signal) => resolve(status ?? (signal === null ? 1 : 128)));
  });
  process.exit(code);
}

main().catch((error) => {
  showProblem(error);
  process.exit(1);
});

/** The static checks: types, lint, format, import rules, dead code. */
import { spawn } from "node:child_process";
import { inRoot, ROOT } from "./project.mjs";

const SOURCES = [
  "app",
  "components",
  "server",
  "sandbox-worker",
  "supervisor",
  "cli",
  "setup",
  "e2e",
  "tests",
  "bench",
];

const CHECKS = [
  { name: "types", bin: "typescript/bin/tsc", args: ["-p", ".", "--noEmit"] },
  {
    name: "lint",
    bin: "eslint/bin/eslint.js",
    args: [".", "--max-warnings", "0", "--cache", "--cache-location", ".cache/eslint/"],
  },
  { name: "format", bin: "prettier/bin/prettier.cjs", args: ["--check", "--log-level", "warn", "."] },
  {
    name: "imports",
    bin: "dependency-cruiser/bin/dependency-cruise.mjs",
    args: ["--config", ".dependency-cruiser.cjs", ...SOURCES],
  },
  { name: "dead code", bin: "knip/bin/knip.js", args: [] },
];

const AT_ONCE = 2;

/** Runs all checks, two at a time. @returns {Promise<{name: string, passed: boolean, output: string, seconds: number}[]>} */
export async function runChecks(node, onDone) {
  const waiting = [...CHECKS];
  const results = [];
  const work = async () => {
    for (let check = waiting.shift(); check !== undefined; check = waiting.shift()) {
      const result = await runCheck(node, check);
      results.push(result);
      onDone(result);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return results;
}

function runCheck(node, { name, bin, args }) {
  const started = Date.now();
  return new Promise((resolve) => {
    const child = spawn(node, [inRoot("node_modules", bin), ...args], { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (chunk) => (output += chunk));
    }
    const done = (passed) => resolve({ name, passed, output: output.trim(), seconds: (Date.now() - started) / 1000 });
    child.once("error", (error) => {
      output += error.message;
      done(false);
    });
    child.once("close", (code) => done(code === 0));
  });
}

/** Shows one result; the output of a failed check in full. */
export function showCheck({ name, passed, output, seconds }) {
  console.log(`  ${passed ? "✓" : "✗"} ${name} (${seconds.toFixed(1)} s)`);
  if (!passed) {
    console.log(output.replace(/^/gm, "    "));
  }
}

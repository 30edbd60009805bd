/**
 * `npm test`: brings in what is missing, then every check and every test. The last line holds the counts.
 * `npm test -- unit e2e` runs only those parts of: check, unit, int, e2e.
 */
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { runChecks, showCheck } from "./lib/checks.mjs";
import { runVisibly } from "./lib/exec.mjs";
import { inRoot } from "./lib/project.mjs";
import { prepare } from "./lib/prepare.mjs";
import { showProblem } from "./lib/report.mjs";
import { addUp, countPlaywright, countVitest, lastLine, NO_REPORT } from "./lib/results.mjs";

const PARTS = ["check", "unit", "int", "e2e"];
const REPORTS = inRoot(".cache", "test");

const wanted = process.argv.slice(2);
const unknown = wanted.filter((part) => !PARTS.includes(part));
const parts = wanted.length > 0 ? wanted : PARTS;

async function main() {
  if (unknown.length > 0) {
    console.error(`There is no part ${unknown.join(", ")}. Choose from: ${PARTS.join(", ")}`);
    return 2;
  }
  const withDocker = parts.includes("int") || parts.includes("e2e");
  const { node, problems } = await prepare({
    console: parts.includes("e2e"),
    sandbox: withDocker,
    browser: parts.includes("e2e"),
    redis: parts.includes("int"),
    gvisor: parts.includes("int"),
  });
  problems.forEach(showProblem);
  const results = [];
  for (const part of parts) {
    console.log(`\n== ${part}`);
    const counts = await RUNNERS[part](node);
    results.push({ part, counts });
  }
  console.log("\n== results");
  for (const { part, counts } of results) {
    console.log(`  ${counts.failed === 0 ? "✓" : "✗"} ${part}: ${lastLine(counts)}`);
  }
  const total = addUp([...results.map(({ counts }) => counts), ...problems.map(() => NO_REPORT)]);
  console.log(`\n${lastLine(total)}`);
  return total.failed === 0 ? 0 : 1;
}

const RUNNERS = { check, unit: (node) => vitest(node, "unit"), int: (node) => vitest(node, "int"), e2e };

async function check(node) {
  const results = await runChecks(node, showCheck);
  const failed = results.filter(({ passed }) => !passed).length;
  return { passed: results.length - failed, failed, skipped: 0 };
}

async function vitest(node, project) {
  const file = reportFile(project);
  const args = ["run", "--project", project, "--reporter=default", "--reporter=json", `--outputFile.json=${file}`];
  const code = await runVisibly(node, [inRoot("node_modules/vitest/vitest.mjs"), ...args]);
  return readReport(file, code, countVitest);
}

async function e2e(node) {
  const file = reportFile("e2e");
  const code = await runVisibly(
    node,
    [inRoot("node_modules/@playwright/test/cli.js"), "test", "--reporter=list,json"],
    {
      env: { PLAYWRIGHT_JSON_OUTPUT_NAME: file },
    },
  );
  return readReport(file, code, countPlaywright);
}

function reportFile(name) {
  mkdirSync(REPORTS, { recursive: true });
  const file = join(REPORTS, `${name}.json`);
  rmSync(file, { force: true });
  return file;
}

function readReport(file, exitCode, count) {
  try {
    return count(JSON.parse(readFileSync(file, "utf8")), exitCode);
  } catch {
    return NO_REPORT;
  }
}

main()
  .then((code) => process.exit(code))
  .catch((error) => {
    showProblem(error);
    console.log(`\n${lastLine(NO_REPORT)}`);
    process.exit(1);
  });

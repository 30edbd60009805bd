/** `npm run bench [-- name … [./path …]]`: the benchmarks of `bench/`, one after the other. What looks like a path is handed to them. */
import { readdirSync } from "node:fs";
import { runVisibly } from "./lib/exec.mjs";
import { inRoot } from "./lib/project.mjs";
import { prepare } from "./lib/prepare.mjs";
import { showProblem } from "./lib/report.mjs";

try {
  const { node, problems } = await prepare({ console: true, sandbox: true, browser: true, redis: true });
  problems.forEach(showProblem);
  const isPath = (argument) => argument.includes("/");
  const wanted = process.argv.slice(2).filter((argument) => !isPath(argument));
  const paths = process.argv.slice(2).filter(isPath);
  const names = readdirSync(inRoot("bench"))
    .filter((name) => name.endsWith(".ts"))
    .map((name) => name.replace(/\.ts$/, ""));
  const unknown = wanted.filter((name) => !names.includes(name));
  if (unknown.length > 0) {
    console.error(`There is no benchmark ${unknown.join(", ")}. Choose from: ${names.join(", ")}`);
    process.exitCode = 2;
  } else {
    for (const name of wanted.length > 0 ? wanted : names) {
      console.log(`\n${name}`);
      process.exitCode = (await runVisibly(node, [inRoot("bench", `${name}.ts`), ...paths])) || process.exitCode;
    }
  }
} catch (error) {
  showProblem(error);
  process.exitCode = 1;
}

/** Runs commands: quietly into a log file, or visibly. */
import { spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { finished } from "node:stream/promises";
import { logFile, ROOT } from "./project.mjs";
import { SetupProblem } from "./problem.mjs";

const KEPT_CHARACTERS = 3_000;

/** Exit code and whole standard output of a short command; never throws. */
export function capture(file, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(file, args, { cwd: ROOT, stdio: ["ignore", "pipe", "ignore"], ...options });
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (chunk) => (output += chunk));
    child.once("error", () => resolve({ code: -1, output: "" }));
    child.once("close", (code) => resolve({ code: code ?? -1, output }));
  });
}

/** Runs a long command with its output in `.cache/setup/<name>.log`. @throws SetupProblem with the end of the output. */
export async function runLogged(name, file, args, options = {}) {
  const path = logFile(name);
  const log = createWriteStream(path);
  let tail = "";
  const code = await new Promise((resolve) => {
    const child = spawn(file, args, {
      cwd: ROOT,
      ...options,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...options.env },
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (chunk) => {
        log.write(chunk);
        tail = (tail + chunk).slice(-KEPT_CHARACTERS);
        options.onOutput?.(chunk);
      });
    }
    child.once("error", (error) => {
      tail += error.message;
      resolve(-1);
    });
    child.once("close", resolve);
  });
  log.end();
  await finished(log);
  if (code !== 0) {
    throw new SetupProblem(options.problem ?? `"${name}" failed (the whole output is in ${path}).`, tail.trim());
  }
}

/** Runs a command on this terminal and resolves with its exit code. */
export function runVisibly(file, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(file, args, {
      cwd: ROOT,
      ...options,
      stdio: "inherit",
      env: { ...process.env, ...options.env },
    });
    child.once("error", () => resolve(127));
    child.once("close", (code, signal) => resolve(code ?? (signal === null ? 1 : 128)));
  });
}

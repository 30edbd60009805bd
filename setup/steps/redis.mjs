/** A Redis server for the tests and benchmarks that share limits between processes. They start it themselves. */
import { aptInstall, canInstall } from "../lib/apt.mjs";
import { capture } from "../lib/exec.mjs";
import { SetupProblem } from "../lib/problem.mjs";
import { step } from "../lib/report.mjs";

/** @throws SetupProblem with the one line that says what to run. */
export async function ensureRedis() {
  if (await hasRedis()) {
    return;
  }
  if (await canInstall()) {
    // Not the package `redis-server`: that one starts a service on this machine, now and at every boot. The program itself is in this one.
    await step("Installing Redis", () => aptInstall(["redis-tools"]));
  }
  if (!(await hasRedis())) {
    throw new SetupProblem(
      "There is no Redis for the tests of shared limits. Run: sudo apt-get install -y redis-server",
    );
  }
}

/** The same program has two names, and acts by the one it is called (see tests/support/redis.ts). */
async function hasRedis() {
  for (const file of ["redis-server", "redis-check-rdb"]) {
    if ((await capture(file, ["--version"], { argv0: "redis-server" })).output.includes("server v=")) {
      return true;
    }
  }
  return false;
}

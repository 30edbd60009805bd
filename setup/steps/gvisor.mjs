/** gVisor for the tests that attack the sandbox under it: installed and made known to the engine where we may. */
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { aptInstall, canInstall } from "../lib/apt.mjs";
import { capture } from "../lib/exec.mjs";
import { SetupProblem } from "../lib/problem.mjs";
import { note, step } from "../lib/report.mjs";

const RUNSC = "/usr/bin/runsc";
const DAEMON_JSON = "/etc/docker/daemon.json";
const ENGINE_PID = "/var/run/docker.pid";
/**
 * `ptrace` works wherever Linux does. Without `--oci-seccomp` gVisor ignores a container's seccomp profile; with `--ignore-cgroups` it
 * would ignore its limits, and the worker refuses such a runtime.
 */
export const RUNSC_ARGS = ["--platform=ptrace", "--network=none", "--oci-seccomp"];
const KNOWN_WITHIN_MS = 10_000;
const POLL_MS = 100;

/** The engine has to run. @throws SetupProblem on a machine that could have it, but where bringing it in failed. */
export async function ensureGvisor() {
  if (await isKnown()) {
    return;
  }
  if (process.env.DOCKER_HOST || !(await canInstall()) || !existsSync(ENGINE_PID)) {
    note('The engine has no runtime "runsc" (gVisor): its tests are skipped. docs/sandbox.md says how to install it.');
    return;
  }
  await step("Installing gVisor", async () => {
    if (!existsSync(RUNSC)) {
      await aptInstall(["runsc"]);
    }
    register();
    await untilKnown();
  });
}

/**
 * The engine's settings with the runtime added and everything else as it was.
 * @param text what daemon.json holds; empty = there is none
 * @throws SetupProblem when that cannot be read: it is somebody's, so it is left alone
 */
export function withRunsc(text) {
  const settings = parse(text);
  const { runtimes = {} } = settings;
  if (!isObject(runtimes)) {
    throw unreadable();
  }
  const runsc = runtimes.runsc ?? { path: RUNSC, runtimeArgs: RUNSC_ARGS };
  return `${JSON.stringify({ ...settings, runtimes: { ...runtimes, runsc } }, null, 2)}\n`;
}

function parse(text) {
  if (text.trim() === "") {
    return {};
  }
  try {
    const settings = JSON.parse(text);
    if (isObject(settings)) {
      return settings;
    }
  } catch {
    // Told below.
  }
  throw unreadable();
}

const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

const unreadable = () =>
  new SetupProblem(
    `${DAEMON_JSON} is not as the engine reads it, so gVisor was not added. Correct it, then run this again.`,
  );

async function isKnown() {
  const { output } = await capture("docker", ["info", "--format", "{{json .Runtimes}}"]);
  return output.includes('"runsc"');
}

/** The engine reads its runtimes anew on SIGHUP; nothing that runs is disturbed. */
function register() {
  const text = existsSync(DAEMON_JSON) ? readFileSync(DAEMON_JSON, "utf8") : "";
  // A file cut off in the middle would keep the engine from starting.
  writeFileSync(`${DAEMON_JSON}.new`, withRunsc(text), { mode: 0o644 });
  renameSync(`${DAEMON_JSON}.new`, DAEMON_JSON);
  const pid = Number(readFileSync(ENGINE_PID, "utf8"));
  if (!Number.isInteger(pid) || pid <= 1 || !readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("dockerd")) {
    throw new SetupProblem(
      "gVisor is installed but the engine was not found to tell it. Run: sudo systemctl reload docker",
    );
  }
  process.kill(pid, "SIGHUP");
}

async function untilKnown() {
  const end = Date.now() + KNOWN_WITHIN_MS;
  while (!(await isKnown())) {
    if (Date.now() > end) {
      throw new SetupProblem("gVisor is installed but the engine does not know it. Run: sudo systemctl restart docker");
    }
    await delay(POLL_MS);
  }
}

/** A Docker Engine that answers: found, started, or installed where we may. */
import { spawn } from "node:child_process";
import { existsSync, openSync, readFileSync, rmSync } from "node:fs";
import { request } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { aptInstall, canInstall } from "../lib/apt.mjs";
import { capture, runLogged } from "../lib/exec.mjs";
import { isRoot, logFile } from "../lib/project.mjs";
import { SetupProblem } from "../lib/problem.mjs";
import { step } from "../lib/report.mjs";

/** Where the engine and the part that it starts itself note their process numbers. */
const PID_FILES = { dockerd: "/var/run/docker.pid", containerd: "/var/run/docker/containerd/containerd.pid" };
const DEFAULT_SOCKET = "/var/run/docker.sock";
const ANSWER_WITHIN_MS = 60_000;
const POLL_MS = 250;

/** @throws SetupProblem with the one line that says what to run. */
export async function ensureDocker() {
  const answer = await ping();
  if (answer === "ok") {
    return;
  }
  if (process.env.DOCKER_HOST) {
    throw new SetupProblem(
      `No Docker Engine answers at DOCKER_HOST=${process.env.DOCKER_HOST}. Start it there, or unset the variable.`,
    );
  }
  if (answer === "EACCES") {
    throw new SetupProblem(
      "This user may not use the Docker Engine. Run: sudo usermod -aG docker $USER   then sign in again.",
    );
  }
  if (!(await hasDockerd())) {
    if (!(await canInstall())) {
      throw new SetupProblem(
        "Docker Engine is not installed. Run: sudo apt-get install -y docker.io && sudo usermod -aG docker $USER   then sign in again.",
      );
    }
    await step("Installing Docker Engine", () => aptInstall(["docker.io", "iptables", "ca-certificates"]));
  }
  if ((await ping()) !== "ok") {
    await step("Starting Docker Engine", startEngine);
  }
}

/** "ok", or the code of what went wrong. */
function ping() {
  return new Promise((resolve) => {
    const address = engineAddress(process.env.DOCKER_HOST);
    const call = request({ ...address, path: "/_ping", timeout: 3_000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200 ? "ok" : `status ${response.statusCode}`);
    });
    call.on("timeout", () => call.destroy(new Error("timeout")));
    call.on("error", (error) => resolve(error.code ?? error.message));
    call.end();
  });
}

/** Where the engine listens, from DOCKER_HOST as the docker command reads it. */
export function engineAddress(dockerHost) {
  const tcp = /^(?:tcp|http):\/\/([^:/]+|\[[^\]]+\])(?::(\d+))?\/?$/.exec(dockerHost ?? "");
  if (tcp !== null) {
    return { host: tcp[1].replace(/^\[|\]$/g, ""), port: Number(tcp[2] ?? 2375) };
  }
  return { socketPath: (dockerHost || DEFAULT_SOCKET).replace(/^unix:\/\//, "") };
}

async function hasDockerd() {
  return (await capture("dockerd", ["--version"])).code === 0;
}

async function startEngine() {
  if (!isRoot) {
    throw new SetupProblem("Docker Engine is not running. Run: sudo systemctl start docker");
  }
  if (existsSync("/run/systemd/system")) {
    await runLogged("docker-start", "systemctl", ["enable", "--now", "docker"]);
  } else {
    startDaemon();
  }
  const end = Date.now() + ANSWER_WITHIN_MS;
  while (Date.now() < end) {
    if ((await ping()) === "ok") {
      return;
    }
    await delay(POLL_MS);
  }
  throw new SetupProblem(`Docker Engine was started but does not answer. Its log: ${logFile("dockerd")}`);
}

/** No init system looks after services here: the engine runs on by itself, also after this process. */
function startDaemon() {
  Object.entries(PID_FILES).forEach(([program, file]) => removeStalePidFile(program, file));
  const log = openSync(logFile("dockerd"), "a");
  spawn("dockerd", [], { detached: true, stdio: ["ignore", log, log], cwd: "/" })
    .on("error", () => undefined)
    .unref();
}

/** A killed engine leaves its pid files behind, and a new one refuses to start as long as anything, even a zombie, has those numbers. */
function removeStalePidFile(program, file) {
  try {
    const pid = readFileSync(file, "utf8").trim();
    if (!existsSync(`/proc/${pid}/cmdline`) || !readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(program)) {
      rmSync(file, { force: true });
    }
  } catch {
    // No pid file: nothing was left behind.
  }
}

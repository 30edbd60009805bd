/**
 * P-SBX-4: a cold run (create, attach, start, wait, remove) against `docker run --rm` with the same flags, in turns on one engine.
 * Medians of the rounds; one JSON line per language.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { median } from "./support/statistics.ts";
import { readEnv } from "#server/core/env.ts";
import type { SandboxPolicy } from "#server/sandbox/policy.ts";
import { connectEngine } from "#worker/connect-engine.ts";
import { containerSpec } from "#worker/container-spec.ts";
import { planDisk } from "#worker/disk-plan.ts";
import { removeContainer, runContainer } from "#worker/run-container.ts";
import { SECCOMP_PROFILE } from "#worker/seccomp.ts";

const ROUNDS = 20;
const MiB = 1024 * 1024;
const IMAGE = "openclaw/sandbox:latest";
const policy: SandboxPolicy = {
  image: IMAGE,
  digest: null,
  network: "none",
  runtime: "runc",
  readonlyRoot: true,
  memoryBytes: 512 * MiB,
  cpuCores: 0.5,
  diskBytes: 256 * MiB,
  processes: 64,
  timeoutMs: 60_000,
  outputBytes: MiB,
  uid: 65534,
  gid: 65534,
};
const PROGRAMS = { sh: "true", python: "print(6*7)" } as const;

const { docker } = connectEngine(readEnv().DOCKER_HOST);
const { Id: imageId } = await docker.getImage(IMAGE).inspect();
const answer = planDisk(policy, false);
if (!answer.ok) {
  throw new Error(answer.message);
}
const { plan } = answer;
const folder = mkdtempSync(join(tmpdir(), "openclaw-bench-"));
const seccompFile = join(folder, "seccomp.json");
writeFileSync(seccompFile, SECCOMP_PROFILE);

type Program = keyof typeof PROGRAMS;

function bodyOf(language: Program, round: number) {
  return containerSpec({
    policy,
    plan,
    volume: null,
    imageId,
    seccomp: SECCOMP_PROFILE,
    language,
    runId: `bench${process.pid}${language}`,
    attempt: round,
    workerId: "bench",
    instanceId: "bench",
    deadline: Date.now() + 600_000,
  });
}

async function ours(language: Program, round: number): Promise<number> {
  const startedAt = performance.now();
  let containerId = "";
  const { exitCode } = await runContainer(docker, {
    body: bodyOf(language, round),
    code: PROGRAMS[language],
    timeoutMs: policy.timeoutMs,
    outputBytes: policy.outputBytes,
    stop: new AbortController(),
    onCreated: (id) => (containerId = id),
    onOutput: () => undefined,
  });
  await removeContainer(docker, containerId);
  assertSucceeded(exitCode);
  return performance.now() - startedAt;
}

function commandLine(language: Program): number {
  const body = bodyOf(language, 0);
  const [entrypoint = "", ...rest] = [...(body.Entrypoint ?? []), ...(body.Cmd ?? [])];
  const tmpfs: [string, string][] = Object.entries(body.HostConfig?.Tmpfs ?? {});
  const flags = [
    ...["--network", "none", "--dns", "127.0.0.1", "--memory", "512m", "--memory-swap", "512m", "--cpus", "0.5"],
    ...["--cpu-shares", "512", "--pids-limit", "64", "--read-only", "--init", "--ipc", "private", "--cap-drop", "ALL"],
    ...["--shm-size", String(plan.shmBytes), "--security-opt", "no-new-privileges:true"],
    ...["--security-opt", `seccomp=${seccompFile}`, "--ulimit", "nofile=1024:1024", "--ulimit", "core=0:0"],
    ...["--log-driver", "none", "--oom-score-adj", "500", "--user", "65534:65534", "--workdir", "/workspace"],
    ...tmpfs.flatMap(([path, options]) => ["--tmpfs", `${path}:${options}`]),
  ];
  const startedAt = performance.now();
  const { status } = spawnSync("docker", ["run", "--rm", "-i", ...flags, "--entrypoint", entrypoint, IMAGE, ...rest], {
    input: PROGRAMS[language],
  });
  assertSucceeded(status);
  return performance.now() - startedAt;
}

function assertSucceeded(exitCode: number | null): void {
  if (exitCode !== 0) {
    throw new Error(`The program ended with ${exitCode}`);
  }
}

try {
  for (const language of ["sh", "python"] as const) {
    const rounds: { ours: number; docker: number }[] = [];
    for (let round = 1; round <= ROUNDS; round += 1) {
      rounds.push({ ours: await ours(language, round), docker: commandLine(language) });
    }
    const oursMs = Math.round(median(rounds.map((round) => round.ours)));
    const dockerRunMs = Math.round(median(rounds.map((round) => round.docker)));
    const ratio = Math.round((oursMs / dockerRunMs) * 100) / 100;
    process.stdout.write(`${JSON.stringify({ id: "P-SBX-4", language, oursMs, dockerRunMs, ratio, goal: 1.1 })}\n`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

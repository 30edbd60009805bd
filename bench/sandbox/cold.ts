/** P-SBX-4: a cold run (create, attach, start, wait, remove) against `docker run --rm` with the same flags, in turns on one engine. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assertSucceeded, benchContext, benchProfile, IMAGE, runToEnd, tell, timed } from "./setup.ts";
import { median } from "../support/statistics.ts";
import { containerSpec } from "#worker/container-spec.ts";
import { launchPackage } from "#worker/launch/launch-package.ts";
import { SandboxContainer } from "#worker/sandbox-container.ts";
import { SECCOMP_PROFILE } from "#worker/seccomp.ts";

const ROUNDS = 10;
const PROGRAMS = { sh: "true", python: "print(6*7)" } as const;
type Program = keyof typeof PROGRAMS;

const context = benchContext(0);

async function ours(language: Program, round: number): Promise<void> {
  const profile = await benchProfile();
  const box = new SandboxContainer(context);
  const identity = { runId: `bench${process.pid}${language}`, attempt: round };
  try {
    const started = await box.start(profile, identity, 0, new AbortController().signal);
    await runToEnd(started, language, PROGRAMS[language]);
  } finally {
    await box.destroy();
  }
}

/** The command line that makes the same container. */
async function commandLine(seccompFile: string): Promise<string[]> {
  const { policy, plan, imageId } = await benchProfile();
  const { Entrypoint, HostConfig } = containerSpec({
    policy,
    plan,
    volume: null,
    mounts: [],
    linkFolder: null,
    imageId,
    seccomp: SECCOMP_PROFILE,
    identity: { poolEntry: "bench" },
    workerId: "bench",
    instanceId: "bench",
    deadline: 0,
  });
  const [entrypoint = "", ...rest] = Entrypoint ?? [];
  const tmpfs: [string, string][] = Object.entries(HostConfig?.Tmpfs ?? {});
  const flags = [
    ...["--network", "none", "--dns", "127.0.0.1", "--memory", "512m", "--memory-swap", "512m", "--cpus", "0.5"],
    ...["--cpu-shares", "512", "--pids-limit", "64", "--read-only", "--init", "--ipc", "private", "--cap-drop", "ALL"],
    ...["--shm-size", String(plan.shmBytes), "--security-opt", "no-new-privileges:true"],
    ...["--security-opt", `seccomp=${seccompFile}`, "--ulimit", "nofile=1024:1024", "--ulimit", "core=0:0"],
    ...["--log-driver", "none", "--oom-score-adj", "500", "--user", "65534:65534", "--workdir", "/workspace"],
    ...tmpfs.flatMap(([path, options]) => ["--tmpfs", `${path}:${options}`]),
  ];
  return ["run", "--rm", "-i", ...flags, "--entrypoint", entrypoint, IMAGE, ...rest];
}

export async function measureCold(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "openclaw-bench-"));
  try {
    const seccompFile = join(folder, "seccomp.json");
    writeFileSync(seccompFile, SECCOMP_PROFILE);
    const args = await commandLine(seccompFile);
    for (const language of ["sh", "python"] as const) {
      const rounds: { ours: number; docker: number }[] = [];
      for (let round = 1; round <= ROUNDS; round += 1) {
        const mine = await timed(() => ours(language, round));
        const order = { code: PROGRAMS[language], files: [], outputs: [], env: {}, link: false };
        const { bytes: input } = launchPackage({ language, ...order });
        const startedAt = performance.now();
        assertSucceeded(spawnSync("docker", args, { input }).status);
        rounds.push({ ours: mine, docker: performance.now() - startedAt });
      }
      const oursMs = Math.round(median(rounds.map((round) => round.ours)));
      const dockerRunMs = Math.round(median(rounds.map((round) => round.docker)));
      tell({
        id: "P-SBX-4",
        language,
        oursMs,
        dockerRunMs,
        ratio: Math.round((oursMs / dockerRunMs) * 100) / 100,
        goal: 1.1,
      });
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

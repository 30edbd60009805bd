/** What the sandbox measurements share: an engine as the worker has it, and the program they run. */
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { ConfigSchema } from "#server/config/schema.ts";
import { readEnv } from "#server/core/env.ts";
import { createLogger } from "#server/core/log.ts";
import { DEFAULT_PROFILE } from "#server/sandbox/profiles.ts";
import { connectEngine } from "#worker/connect-engine.ts";
import { LABEL } from "#worker/container-spec.ts";
import type { EngineContext } from "#worker/engine-context.ts";
import { createEngine } from "#worker/engine.ts";
import { ContainerLife } from "#worker/engine-events.ts";
import { launchPackage } from "#worker/launch/launch-package.ts";
import { openLinkFolders } from "#worker/link-folders.ts";
import { runContainer } from "#worker/run-container.ts";
import { requireProfile } from "#worker/run-requirements.ts";
import type { StartedContainer } from "#worker/start-container.ts";

export const IMAGE = "openclaw/sandbox:latest";
/** The default limits, with a disk in memory: what is measured is the engine and us, not the host's disk. */
const LIMITS = { memory: "512m", cpu: "0.5", disk: "256m" };

const log = createLogger("bench", "error");
const connection = connectEngine(readEnv().DOCKER_HOST);
const engine = createEngine(connection, false, log);
await engine.refresh(IMAGE);
export const { docker } = engine;

/** The worker whose containers are measured here. */
const BENCH_WORKER = `bench${process.pid}`;

/** @param poolSize containers kept ahead */
export function benchContext(poolSize: number): EngineContext {
  const { sandboxing } = ConfigSchema.parse({
    security: { sandboxing: { docker: { limits: LIMITS, pool: { size: poolSize } } } },
  }).security;
  return {
    workerId: BENCH_WORKER,
    instanceId: "bench",
    log,
    engine,
    local: true,
    disks: null,
    links: openLinkFolders(join(tmpdir(), "openclaw-bench-links")),
    sandboxing: () => sandboxing,
    hostMounts: () => [],
    engineEvents: { watch: () => new ContainerLife(), forget: () => undefined },
    recordDetection: () => Promise.resolve(),
  };
}

export const benchProfile = () => requireProfile(benchContext(0), { profile: DEFAULT_PROFILE });

/** Feeds the program and waits for its end. @throws Error when it fails: the figure would mean nothing. */
export async function runToEnd(started: StartedContainer, language: "sh" | "python", code: string): Promise<void> {
  const { exitCode } = await runContainer(started, {
    launch: launchPackage({ language, code, files: [], outputs: [], env: {}, link: false }),
    timeoutMs: 60_000,
    outputBytes: 1024 * 1024,
    stop: new AbortController(),
    onOutput: () => undefined,
    onUsage: () => undefined,
  });
  assertSucceeded(exitCode);
}

export function assertSucceeded(exitCode: number | null): void {
  if (exitCode !== 0) {
    throw new Error(`The program ended with ${exitCode}`);
  }
}

/** Waits until `count` containers that the worker made ahead run and the machine has calmed down. */
export async function poolFull(count: number, workerId = BENCH_WORKER): Promise<void> {
  const label = [LABEL.pool, `${LABEL.worker}=${workerId}`];
  for (;;) {
    const waiting = await docker.listContainers({ filters: JSON.stringify({ label }) });
    if (waiting.length === count) {
      await delay(200);
      return;
    }
    await delay(50);
  }
}

export function tell(figure: Record<string, unknown>): void {
  process.stdout.write(`${JSON.stringify(figure)}\n`);
}

/** The value that 95 of 100 do not exceed (nearest rank). */
export function p95(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.ceil(sorted.length * 0.95) - 1] ?? NaN;
}

/** Milliseconds that `work` takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

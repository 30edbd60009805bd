/**
 * P-SBX-1: a trivial program in a container made ahead, from the question for a container to the program's end, against a bare exec in a
 * container that runs already, in turns. P-SBX-2: eight at once.
 */
import { finished } from "node:stream/promises";
import { assertSucceeded, benchContext, docker, p95, poolFull, runToEnd, tell, timed } from "./setup.ts";
import { median } from "../support/statistics.ts";
import { openWarmPool } from "#worker/pool/keeper.ts";
import type { WarmPool } from "#worker/pool/warm-pool.ts";
import { DEFAULT_PROFILE } from "#server/sandbox/profiles.ts";
import { requireProfile } from "#worker/run-requirements.ts";
import { SandboxContainer } from "#worker/sandbox-container.ts";

const ROUNDS = 20;
const PARALLEL = 8;
const PARALLEL_ROUNDS = 5;

/** Time to the program's end; the container goes afterwards, as it does in a run. */
async function warmRun(context: ReturnType<typeof benchContext>, pool: WarmPool): Promise<number> {
  const startedAt = performance.now();
  const { key } = await requireProfile(context, { profile: DEFAULT_PROFILE });
  const taken = pool.take(key);
  if (taken === null) {
    throw new Error("The pool was empty; the figure would mean nothing");
  }
  await runToEnd(taken.started, "sh", "true");
  const ms = performance.now() - startedAt;
  await taken.box.destroy();
  return ms;
}

async function bareExec(containerId: string): Promise<void> {
  const exec = await docker.getContainer(containerId).exec({ Cmd: ["/bin/sh", "-c", "true"], AttachStdout: true });
  const stream = await exec.start({});
  stream.resume();
  await finished(stream, { writable: false });
  assertSucceeded((await exec.inspect()).ExitCode);
}

/** The median of P-SBX-1 in milliseconds. */
export async function measureWarm(): Promise<number> {
  const context = benchContext(1);
  const pool = openWarmPool(context);
  const bare = new SandboxContainer(context);
  try {
    const profile = await requireProfile(context, { profile: DEFAULT_PROFILE });
    const { container } = await bare.start(
      profile,
      { runId: `bench${process.pid}`, attempt: 1 },
      0,
      new AbortController().signal,
    );
    const ours: number[] = [];
    const execs: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      await poolFull(1);
      ours.push(await warmRun(context, pool));
      await poolFull(1);
      execs.push(await timed(() => bareExec(container.id)));
    }
    const ratio = Math.round((median(ours) / median(execs)) * 100) / 100;
    tell({
      id: "P-SBX-1",
      oursMs: Math.round(median(ours)),
      p95Ms: Math.round(p95(ours)),
      bareExecMs: Math.round(median(execs)),
      ratio,
      goal: 1.2,
    });
    return median(ours);
  } finally {
    await bare.destroy();
    await pool.close();
  }
}

export async function measureParallel(): Promise<void> {
  const context = benchContext(PARALLEL);
  const pool = openWarmPool(context);
  try {
    const rounds: number[] = [];
    for (let round = 0; round < PARALLEL_ROUNDS; round += 1) {
      await poolFull(PARALLEL);
      rounds.push(p95(await Promise.all(Array.from({ length: PARALLEL }, () => warmRun(context, pool)))));
    }
    tell({ id: "P-SBX-2", parallel: PARALLEL, p95Ms: Math.round(median(rounds)), goalMs: 250 });
  } finally {
    await pool.close();
  }
}

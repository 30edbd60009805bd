/**
 * One program in one started container: feed it, watch it, wait for its end.
 * The worker's own timer and its own hand on the kill switch end it; nothing inside the container is relied on.
 */
import { setImmediate } from "node:timers/promises";
import { SCRATCH_PATHS } from "#server/sandbox/policy.ts";
import { ContainerProbe, type CgroupFacts } from "#worker/cgroup.ts";
import { EngineSilentError, withinLimit } from "#worker/connect-engine.ts";
import { killContainerProcess } from "#worker/kill-process.ts";
import type { LaunchPackage } from "#worker/launch/launch-package.ts";
import { OutputSplitter } from "#worker/launch/split-output.ts";
import { ByteCap, FrameReader, TextCleaner, type OutputStream } from "#worker/output.ts";
import type { StopCause } from "#worker/reason.ts";
import { CALL_LIMIT_MS, type StartedContainer } from "#worker/start-container.ts";
import { nextUsageIn } from "#worker/usage-pace.ts";

export interface ContainerJob {
  /** Program, files and the script that begins; reaches the container on standard input only. */
  launch: LaunchPackage;
  timeoutMs: number;
  outputBytes: number;
  /** Aborting ends the container; the reason is a `StopReason`. */
  stop: AbortController;
  onOutput: (stream: OutputStream, text: string) => void;
  /** Use as it stands, from time to time while the program runs. */
  onUsage: (facts: CgroupFacts) => void;
}

export interface ContainerOutcome {
  exitCode: number;
  oomKilled: boolean;
  stopped: StopReason | null;
  facts: CgroupFacts;
  /** From the program's arrival to its end. */
  wallMs: number;
  outputBytes: number;
  outputTruncated: boolean;
  /** The files to keep (archive null = they are too large); null = none were asked for, or the program did not come to its end. */
  kept: { archive: Buffer | null } | null;
}

/**
 * Why a running container is ended; `shutdown`: the worker is leaving and the run will be done again; `foreign_action`: another client of
 * the engine laid hands on it.
 */
export type StopReason = Exclude<StopCause, null> | "shutdown" | "foreign_action";

/** Everywhere a program can write file data. */
const WRITABLE_PATHS = [...SCRATCH_PATHS, "/dev/shm"];
/** Sampling begins fast, for programs that are over at once, and slows down. */
const SAMPLE_FIRST_MS = 10;
const SAMPLE_MAX_MS = 100;
/** A program that goes on after this many refused forks is a fork bomb and is ended early. */
const FORK_BOMB_REFUSALS = 256;
/** The end of a container and the end of its output come together; this bounds an engine that tells only one of them. */
const STREAM_END_LIMIT_MS = 2_000;
/** A container whose first process was killed ends by itself; one that has not by then is for the engine to kill. */
const ENGINE_KILL_AFTER_MS = 1_000;
/** A killed container is gone after about 0.1 s; on a machine under heavy load it may take longer. */
const KILL_LIMIT_MS = 15_000;

/** Afterwards the container has ended, or could not be ended, and is for the caller to remove. @throws the engine's error. */
export async function runContainer(started: StartedContainer, job: ContainerJob): Promise<ContainerOutcome> {
  const { container, stream } = started;
  const { stop } = job;
  const output = collectOutput(started, job);
  let asking: NodeJS.Timeout | undefined;
  const kill = (): void => {
    // Already ended is what we want; an engine that is gone shows at the wait.
    const askEngine = (): void => void container.kill({ signal: "SIGKILL" }).catch(() => undefined);
    if (killContainerProcess(started.pid, container.id)) {
      asking = setTimeout(askEngine, ENGINE_KILL_AFTER_MS);
    } else {
      askEngine();
    }
  };
  const probe = new ContainerProbe(started.pid, WRITABLE_PATHS, (refused) => {
    if (refused >= FORK_BOMB_REFUSALS) {
      stop.abort("processes" satisfies StopReason);
    }
  });
  const startedAt = performance.now();
  const stopSampling = sampleWhileRunning(probe, startedAt, job.onUsage);
  const deadline = setTimeout(() => stop.abort("timeout" satisfies StopReason), job.timeoutMs);
  try {
    stop.signal.throwIfAborted();
    stop.signal.addEventListener("abort", kill, { once: true });
    // Only now does the program arrive: nothing of it runs unwatched.
    stream.end(job.launch.bytes);
    const exitCode = await exitCodeOf(started, stop.signal);
    const wallMs = Math.round(performance.now() - startedAt);
    // What the kernel told before the end is read before the probe lets go: both can arrive in the same turn.
    await setImmediate();
    probe.close();
    const [after] = await Promise.all([withinLimit(container.inspect(), CALL_LIMIT_MS), output.done()]);
    return {
      exitCode,
      oomKilled: after.State.OOMKilled,
      stopped: stop.signal.aborted ? (stop.signal.reason as StopReason) : null,
      facts: probe.facts,
      wallMs,
      outputBytes: output.cap.kept,
      outputTruncated: output.cap.exceeded,
      kept: output.splitter?.kept ?? null,
    };
  } finally {
    clearTimeout(deadline);
    clearTimeout(asking);
    stopSampling();
    stop.signal.removeEventListener("abort", kill);
    probe.close();
    stream.destroy();
  }
}

/** Keeps the probe's figures fresh and passes them on at the pace of the run. Returns what ends it. */
function sampleWhileRunning(probe: ContainerProbe, startedAt: number, tell: (facts: CgroupFacts) => void): () => void {
  let sampling: NodeJS.Timeout;
  let telling: NodeJS.Timeout;
  const sampleIn = (ms: number): void => {
    sampling = setTimeout(() => {
      probe.sample();
      sampleIn(Math.min(ms * 2, SAMPLE_MAX_MS));
    }, ms);
  };
  const tellIn = (ms: number): void => {
    telling = setTimeout(() => {
      tell(probe.facts);
      tellIn(nextUsageIn(performance.now() - startedAt));
    }, ms);
  };
  sampleIn(SAMPLE_FIRST_MS);
  tellIn(nextUsageIn(0));
  return () => {
    clearTimeout(sampling);
    clearTimeout(telling);
  };
}

/**
 * The exit code. Waiting itself has no limit, but a container that was told to end has to, and when the output stream closes the container
 * has either ended or the engine is gone: then the engine is asked.
 */
async function exitCodeOf({ container, exit, closed }: StartedContainer, stopped: AbortSignal): Promise<number> {
  const otherwise = Promise.withResolvers<number>();
  let timer: NodeJS.Timeout | undefined;
  const askIn = (ms: number): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      const asked = withinLimit(container.inspect(), CALL_LIMIT_MS).then(({ State }) => {
        if (State.Running) {
          throw new EngineSilentError("The engine lost the container");
        }
        return State.ExitCode;
      });
      asked.catch(() => undefined);
      otherwise.resolve(asked);
    }, ms);
  };
  const onStop = (): void => askIn(KILL_LIMIT_MS);
  stopped.addEventListener("abort", onStop, { once: true });
  if (stopped.aborted) {
    onStop();
  }
  void closed.then(() => askIn(STREAM_END_LIMIT_MS));
  try {
    return await Promise.race([exit, otherwise.promise]);
  } finally {
    // The stream closes after this too; nobody asks then.
    stopped.removeEventListener("abort", onStop);
    clearTimeout(timer);
    void closed.then(() => clearTimeout(timer));
  }
}

interface CollectedOutput {
  cap: ByteCap;
  /** Null when no files are kept. */
  splitter: OutputSplitter | null;
  /** Resolves when the engine has closed the stream or nothing more will come, and hands out what is left. */
  done(): Promise<void>;
}

function collectOutput({ stream, closed }: StartedContainer, job: ContainerJob): CollectedOutput {
  const cap = new ByteCap(job.outputBytes);
  const cleaners: Record<OutputStream, TextCleaner> = { stdout: new TextCleaner(), stderr: new TextCleaner() };
  const splitter = job.launch.mark === null ? null : new OutputSplitter(job.launch.mark);
  const pass = (name: OutputStream, payload: Buffer): void => {
    if (!cap.exceeded) {
      job.onOutput(name, cleaners[name].push(cap.take(payload)));
    }
    if (cap.exceeded) {
      job.stop.abort("output_limit" satisfies StopReason);
    }
  };
  const frames = new FrameReader((name, payload) => {
    pass(name, name === "stdout" && splitter !== null ? splitter.push(payload) : payload);
  });
  let broken: Error | null = null;
  stream.on("data", (chunk: Buffer) => {
    if (cap.exceeded || broken !== null) {
      return;
    }
    try {
      frames.push(chunk);
    } catch (error) {
      broken = new Error("The container's output could not be read", { cause: error });
      job.stop.abort(broken);
    }
  });
  return {
    cap,
    splitter,
    async done() {
      await withinLimit(closed, STREAM_END_LIMIT_MS).catch(() => undefined);
      if (broken !== null) {
        throw broken;
      }
      if (splitter !== null) {
        pass("stdout", splitter.end());
      }
      job.onOutput("stdout", cleaners.stdout.end());
      job.onOutput("stderr", cleaners.stderr.end());
    },
  };
}

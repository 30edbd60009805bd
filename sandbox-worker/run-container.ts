/**
 * One program in one container: create, attach, start, feed the program, wait, always remove.
 * The worker's own timer and its own hand on the kill switch end it; nothing inside the container is relied on.
 */
import { Duplex } from "node:stream";
import type Docker from "dockerode";
import type { ContainerCreateOptions } from "dockerode";
import { SCRATCH_PATHS } from "#server/sandbox/policy.ts";
import { ContainerProbe, type CgroupFacts } from "#worker/cgroup.ts";
import { EngineSilentError, isMissing, withinLimit } from "#worker/connect-engine.ts";
import { ByteCap, FrameReader, TextCleaner, type OutputStream } from "#worker/output.ts";
import type { StopCause } from "#worker/reason.ts";

export interface ContainerJob {
  body: ContainerCreateOptions;
  /** The program's text; reaches the container on standard input only. */
  code: string;
  timeoutMs: number;
  outputBytes: number;
  /** Aborting ends the container; the reason is a `StopReason`. */
  stop: AbortController;
  onCreated: (containerId: string) => void;
  onOutput: (stream: OutputStream, text: string) => void;
}

export interface ContainerOutcome {
  exitCode: number;
  oomKilled: boolean;
  stopped: StopReason | null;
  facts: CgroupFacts;
  /** From start to end. */
  wallMs: number;
  outputBytes: number;
  outputTruncated: boolean;
}

/** Why a running container is ended; `shutdown`: the worker is leaving and the run will be done again. */
export type StopReason = Exclude<StopCause, null> | "shutdown";

/** Everywhere a program can write file data. */
const WRITABLE_PATHS = [...SCRATCH_PATHS, "/dev/shm"];
/** Sampling begins fast, for programs that are over at once, and slows down. */
const SAMPLE_FIRST_MS = 10;
const SAMPLE_MAX_MS = 100;
/** A program that goes on after this many refused forks is a fork bomb and is ended early. */
const FORK_BOMB_REFUSALS = 256;
/** The engine answers every call within this time or counts as gone; a run may take longer and has its own limit. */
const CALL_LIMIT_MS = 60_000;
/** The end of a container and the end of its output come together; this bounds an engine that tells only one of them. */
const STREAM_END_LIMIT_MS = 2_000;
/** A killed container is gone after about 0.1 s; on a machine under heavy load it may take longer. */
const KILL_LIMIT_MS = 15_000;

/** @throws the engine's error; the container is removed in any case, by the reaper where the engine does not answer. */
export async function runContainer(docker: Docker, job: ContainerJob): Promise<ContainerOutcome> {
  const container = await withinLimit(docker.createContainer(job.body), CALL_LIMIT_MS);
  job.onCreated(container.id);
  return await carryOut(container, job);
}

/** Ends and removes; a container that is gone already is fine. */
export async function removeContainer(docker: Docker, containerId: string): Promise<void> {
  try {
    await withinLimit(docker.getContainer(containerId).remove({ force: true }), CALL_LIMIT_MS);
  } catch (error) {
    if (!isMissing(error)) {
      throw error;
    }
  }
}

async function carryOut(container: Docker.Container, job: ContainerJob): Promise<ContainerOutcome> {
  const { stop } = job;
  const attached = container.attach({ stream: true, stdin: true, stdout: true, stderr: true, hijack: true });
  const stream = await withinLimit(attached, CALL_LIMIT_MS);
  const output = collectOutput(stream, job);
  let probe: ContainerProbe | null = null;
  let sampling: NodeJS.Timeout | undefined;
  let deadline: NodeJS.Timeout | undefined;
  const kill = (): void => {
    // Already ended is what we want; an engine that is gone shows at the wait.
    container.kill({ signal: "SIGKILL" }).catch(() => undefined);
  };
  try {
    stop.signal.throwIfAborted();
    await withinLimit(container.start(), CALL_LIMIT_MS);
    const startedAt = performance.now();
    stop.signal.addEventListener("abort", kill, { once: true });
    if (stop.signal.aborted) {
      kill();
    }
    deadline = setTimeout(() => stop.abort("timeout" satisfies StopReason), job.timeoutMs);
    const { State } = await withinLimit(container.inspect(), CALL_LIMIT_MS);
    const watched = new ContainerProbe(State.Pid, WRITABLE_PATHS, (refused) => {
      if (refused >= FORK_BOMB_REFUSALS) {
        stop.abort("processes" satisfies StopReason);
      }
    });
    probe = watched;
    const sampleIn = (ms: number): void => {
      sampling = setTimeout(() => {
        watched.sample();
        sampleIn(Math.min(ms * 2, SAMPLE_MAX_MS));
      }, ms);
    };
    sampleIn(SAMPLE_FIRST_MS);
    // Only now does the program arrive: nothing of it runs unwatched.
    stream.end(job.code);
    const exitCode = await exitCodeOf(container, stop.signal, output.closed);
    const wallMs = Math.round(performance.now() - startedAt);
    watched.close();
    await output.done();
    const after = await withinLimit(container.inspect(), CALL_LIMIT_MS);
    return {
      exitCode,
      oomKilled: after.State.OOMKilled,
      stopped: stop.signal.aborted ? (stop.signal.reason as StopReason) : null,
      facts: watched.facts,
      wallMs,
      outputBytes: output.cap.kept,
      outputTruncated: output.cap.exceeded,
    };
  } finally {
    clearTimeout(deadline);
    clearTimeout(sampling);
    stop.signal.removeEventListener("abort", kill);
    probe?.close();
    if (stream instanceof Duplex) {
      stream.destroy();
    }
  }
}

/**
 * The exit code. Waiting itself has no limit, but a container that was told to end has to, and when the output stream closes the container
 * has either ended or the engine is gone: then the engine is asked.
 */
async function exitCodeOf(
  container: Docker.Container,
  stopped: AbortSignal,
  streamClosed: Promise<void>,
): Promise<number> {
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
  void streamClosed.then(() => askIn(STREAM_END_LIMIT_MS));
  try {
    const ended = container.wait().then(({ StatusCode }: { StatusCode: number }) => StatusCode);
    return await Promise.race([ended, otherwise.promise]);
  } finally {
    // The stream closes after this too; nobody asks then.
    stopped.removeEventListener("abort", onStop);
    clearTimeout(timer);
    void streamClosed.then(() => clearTimeout(timer));
  }
}

interface CollectedOutput {
  cap: ByteCap;
  closed: Promise<void>;
  /** Resolves when the engine has closed the stream or nothing more will come, and hands out what is left. */
  done(): Promise<void>;
}

function collectOutput(stream: NodeJS.ReadWriteStream, job: ContainerJob): CollectedOutput {
  const cap = new ByteCap(job.outputBytes);
  const cleaners: Record<OutputStream, TextCleaner> = { stdout: new TextCleaner(), stderr: new TextCleaner() };
  const frames = new FrameReader((name, payload) => {
    if (!cap.exceeded) {
      job.onOutput(name, cleaners[name].push(cap.take(payload)));
    }
    if (cap.exceeded) {
      job.stop.abort("output_limit" satisfies StopReason);
    }
  });
  const closed = Promise.withResolvers<void>();
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
  stream.on("error", () => closed.resolve());
  stream.on("end", () => closed.resolve());
  stream.on("close", () => closed.resolve());
  return {
    cap,
    closed: closed.promise,
    async done() {
      const timer = setTimeout(() => closed.resolve(), STREAM_END_LIMIT_MS);
      await closed.promise;
      clearTimeout(timer);
      if (broken !== null) {
        throw broken;
      }
      job.onOutput("stdout", cleaners.stdout.end());
      job.onOutput("stderr", cleaners.stderr.end());
    },
  };
}

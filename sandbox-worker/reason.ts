/** From the facts at the end of a container to the run's final state and its one reason. Pure. */
import type { RunReason, RunState } from "#server/sandbox/schema.ts";

/** Why the worker itself ended the container; null = the program ended. */
export type StopCause = "timeout" | "cancelled" | "output_limit" | "processes" | null;

export interface ExitFacts {
  stopped: StopCause;
  exitCode: number;
  /** The engine's word on the container. */
  oomKilled: boolean;
  /** Out-of-memory kills the kernel counted in the container's cgroup; null = could not be read. */
  oomKills: number | null;
  memoryPeakBytes: number | null;
  /** Forks and threads the kernel refused because of the process limit; null = could not be read. */
  forksRefused: number | null;
  /** A place the program can write was seen full. */
  diskFull: boolean;
  limits: { memoryBytes: number; processes: number; diskBytes: number; timeoutMs: number; outputBytes: number };
}

export interface Ending {
  state: Extract<RunState, "succeeded" | "failed" | "cancelled">;
  reason: RunReason;
  message: string | null;
}

const SIGKILL_EXIT = 137;
const MiB = 1024 * 1024;

/**
 * The first that fits, most certain first. Two are heuristics, because the kernel does not say that a program failed *because* of a limit:
 * `processes` means a fork was refused and the program then failed or was stopped; `disk` means a writable place was seen full and the
 * program then failed or was stopped. A program that copes with a refused fork or a full disk and exits 0 has succeeded.
 * Fullness is sampled (every 0.1 s after the first moments): a program that fills a file it has deleted and ends at once gives everything
 * back and is often not seen; it then ends as `exit`. The limit itself holds all the same.
 */
export function endingOf(facts: ExitFacts): Ending {
  const { stopped, exitCode, limits } = facts;
  if (stopped === "cancelled") {
    return { state: "cancelled", reason: "cancelled", message: "The run was stopped on request." };
  }
  if (stopped === "output_limit") {
    return failed(
      "output_limit",
      `The program wrote more than ${amount(limits.outputBytes)} of output and was stopped; the output is cut there.`,
    );
  }
  if (ranOutOfMemory(facts)) {
    return failed("memory", `The program needed more than its ${amount(limits.memoryBytes)} of memory and was killed.`);
  }
  const unwell = stopped !== null || exitCode !== 0;
  if (stopped === "processes" || (unwell && (facts.forksRefused ?? 0) > 0)) {
    return failed("processes", `The program tried to have more than ${limits.processes} processes and threads.`);
  }
  if (unwell && facts.diskFull) {
    return failed("disk", `The program filled its disk (${amount(limits.diskBytes)}).`);
  }
  if (stopped === "timeout") {
    return failed("timeout", `The program ran longer than ${limits.timeoutMs / 1000} s and was stopped.`);
  }
  return exitCode === 0
    ? { state: "succeeded", reason: "exit", message: null }
    : failed("exit", `The program ended with exit code ${exitCode}.`);
}

/**
 * The engine and the kernel sometimes disagree, so either word counts. A bare exit 137 that nobody here caused counts as well, unless the
 * program was seen far below its limit: then it was killed by itself.
 */
function ranOutOfMemory(facts: ExitFacts): boolean {
  if (facts.oomKilled || (facts.oomKills ?? 0) > 0) {
    return true;
  }
  const farBelow = facts.memoryPeakBytes !== null && facts.memoryPeakBytes < facts.limits.memoryBytes / 2;
  return facts.stopped === null && facts.exitCode === SIGKILL_EXIT && !farBelow;
}

const failed = (reason: RunReason, message: string): Ending => ({ state: "failed", reason, message });

const amount = (bytes: number): string =>
  bytes >= MiB ? `${Math.round((bytes / MiB) * 10) / 10} MiB` : `${Math.round(bytes / 1024)} KiB`;

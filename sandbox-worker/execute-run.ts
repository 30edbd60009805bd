/** One claimed run from policy to final state. Whatever goes wrong becomes a reason; nothing is ever executed outside a container. */
import { readInputs } from "#server/sandbox/index.ts";
import type { RunLimits } from "#server/sandbox/schema.ts";
import type { ClaimedRun } from "#worker/claim-run.ts";
import { effectiveLimits } from "#worker/container-spec.ts";
import type { Detection } from "#worker/detect.ts";
import { keepOutputs } from "#worker/keep-outputs.ts";
import { launchPackage } from "#worker/launch/launch-package.ts";
import { endingOf, type Ending } from "#worker/reason.ts";
import { giveBackRun } from "#worker/recover.ts";
import { runContainer, type ContainerOutcome, type StopReason } from "#worker/run-container.ts";
import { causeOf, DetectedRefusal, failureOf, refuseForeignHands } from "#worker/run-failure.ts";
import { agentOfRun, containerWanted, openReach } from "#worker/run-reach.ts";
import { RunJournal, type RunResult } from "#worker/run-journal.ts";
import { auditOf, noteLimits } from "#worker/run-record.ts";
import { requireProfile, type SandboxProfile } from "#worker/run-requirements.ts";
import { SandboxContainer } from "#worker/sandbox-container.ts";
import type { StartedContainer } from "#worker/start-container.ts";
import { verifyVolumes } from "#worker/volumes.ts";
import type { WorkerContext } from "#worker/worker-context.ts";

/** What has to be undone, and what is known for the run's row, however far it got. */
interface Progress {
  box: SandboxContainer | null;
  limits: RunLimits | null;
  imageDigest: string | null;
  acquireMs: number | null;
  warm: boolean;
  detections: readonly Detection[];
  /** Of what the run may reach; null = nothing. */
  used: { calls: number; tokens: number } | null;
}

/**
 * Carries out `run` and stores its end; afterwards nothing of it is left on the engine.
 * @param stop aborting ends the run; its reason says why (`StopReason`)
 * @param giveUp ends the waiting for a database that is away
 */
export async function executeRun(
  context: WorkerContext,
  run: ClaimedRun,
  stop: AbortController,
  giveUp: AbortSignal,
): Promise<void> {
  const journal = new RunJournal(context, {
    runId: run.id,
    workerId: context.workerId,
    attempt: run.attempt,
    nextSeq: run.nextSeq,
  });
  const progress: Progress = {
    box: null,
    limits: null,
    imageDigest: null,
    acquireMs: null,
    warm: false,
    detections: [],
    used: null,
  };
  const result = await carryOut(context, run, stop, journal, progress);
  if (stop.signal.reason === "shutdown" && result.ending.state !== "succeeded") {
    await progress.box?.destroy();
    await giveBackRun(context, { id: run.id, workerId: context.workerId, attempt: run.attempt });
    return;
  }
  const [stored] = await Promise.all([
    journal.finish(result, auditOf(context, run, result, progress.detections), giveUp),
    progress.box?.destroy(),
  ]);
  const { state, reason } = result.ending;
  context.log.info({ runId: run.id, attempt: run.attempt, state, reason, stored }, "run ended");
}

async function carryOut(
  context: WorkerContext,
  run: ClaimedRun,
  stop: AbortController,
  journal: RunJournal,
  progress: Progress,
): Promise<RunResult> {
  try {
    const outcome = await inContainer(context, run, stop, journal, progress);
    const stopped = await refuseForeignHands(context, progress.box, outcome);
    const ending = endingOf({ ...outcome, ...outcome.facts, stopped });
    noteLimits(journal, ending, outcome);
    return {
      ...resultOf(progress, ending),
      outputs: await keepOutputs(context, run, outcome),
      exitCode: outcome.exitCode,
      usage: {
        wallMs: outcome.wallMs,
        cpuMs: outcome.facts.cpuMs,
        memoryPeakBytes: outcome.facts.memoryPeakBytes,
        processesPeak: outcome.facts.processesPeak,
        diskBytes: outcome.facts.diskBytes,
        outputBytes: outcome.outputBytes,
        acquireMs: progress.acquireMs,
        warm: progress.warm,
        modelCalls: progress.used?.calls ?? null,
        modelTokens: progress.used?.tokens ?? null,
      },
      outputTruncated: outcome.outputTruncated,
    };
  } catch (error) {
    const cause = causeOf(progress.box?.hands ?? null, error);
    if (cause instanceof DetectedRefusal) {
      progress.detections = [...progress.detections, cause.detection];
    }
    const ending = stop.signal.aborted && cause === stop.signal.reason ? CANCELLED : failureOf(context, run.id, cause);
    return resultOf(progress, ending);
  }
}

const CANCELLED: Ending = {
  state: "cancelled",
  reason: "cancelled",
  message: "The run was stopped on request before it began.",
};

const resultOf = (progress: Progress, ending: Ending): RunResult => ({
  ending,
  exitCode: null,
  usage: null,
  limits: progress.limits,
  imageDigest: progress.imageDigest,
  containerId: progress.box?.id ?? null,
  outputTruncated: false,
  outputs: null,
});

async function inContainer(
  context: WorkerContext,
  run: ClaimedRun,
  stop: AbortController,
  journal: RunJournal,
  progress: Progress,
): Promise<ContainerOutcome & { limits: RunLimits }> {
  const askedAt = performance.now();
  const code = context.runSeal.openText("code", run.id, run.storedCode);
  const history = run.storedHistory === null ? null : context.runSeal.openText("history", run.id, run.storedHistory);
  const profile = await requireProfile(context, containerWanted(context, run));
  const { policy } = profile;
  progress.imageDigest = profile.imageId;
  const limits = effectiveLimits(policy, profile.plan);
  progress.limits = limits;
  stop.signal.throwIfAborted();
  const started = await acquire(context, run, profile, stop.signal, progress);
  progress.acquireMs = Math.round(performance.now() - askedAt);
  journal.acquired(started.container.id);
  void progress.box?.hands?.first.then(() => stop.abort("foreign_action" satisfies StopReason));
  verifyVolumes(started.pid, profile.mounts);
  const files = run.hasInputs ? await readInputs(context, run.id) : [];
  const command = agentOfRun(context, run)?.command;
  const folder = progress.box?.linkFolder ?? null;
  // From here on nothing may fail before both of them are sure to be ended.
  const reach = folder === null ? null : await openReach(context, run, folder, journal);
  const watch = context.escapes.watch(started.pid, policy.runtime === "runc");
  const env = reach?.env ?? {};
  const outcome = await runContainer(started, {
    launch: launchPackage({ ...run, code, history, command, files, env, link: reach !== null }),
    timeoutMs: policy.timeoutMs,
    outputBytes: policy.outputBytes,
    stop,
    onOutput: (stream, text) => {
      journal.output(stream, text);
      if (journal.lost) {
        // Another worker has decided about this run: what goes on here serves nobody.
        stop.abort("cancelled");
      }
    },
    onUsage: ({ memoryBytes, memoryPeakBytes, cpuMs, processes, diskBytes }) =>
      journal.usage({ memoryBytes, memoryPeakBytes, cpuMs, processes, diskBytes }),
  }).finally(async () => {
    progress.detections = watch.end();
    progress.used = (await reach?.close()) ?? null;
  });
  return { ...outcome, limits };
}

/** A container that waits for this run's program: one that was made ahead, or one made now. */
async function acquire(
  context: WorkerContext,
  run: ClaimedRun,
  profile: SandboxProfile,
  stop: AbortSignal,
  progress: Progress,
): Promise<StartedContainer> {
  const ahead = context.warm.take(profile.key);
  if (ahead !== null) {
    progress.box = ahead.box;
    progress.warm = true;
    return ahead.started;
  }
  const box = new SandboxContainer(context);
  progress.box = box;
  const done = context.warm.yieldTo();
  try {
    return await box.start(profile, { runId: run.id, attempt: run.attempt }, 0, stop);
  } finally {
    done();
  }
}

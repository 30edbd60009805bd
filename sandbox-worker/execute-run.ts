/** One claimed run from policy to final state. Whatever goes wrong becomes a reason; nothing is ever executed outside a container. */
import type { SandboxPolicy } from "#server/sandbox/policy.ts";
import type { RunLimits } from "#server/sandbox/schema.ts";
import type { ClaimedRun } from "#worker/claim-run.ts";
import { containerSpec, effectiveLimits } from "#worker/container-spec.ts";
import type { WorkspaceDisk } from "#worker/loop-disks.ts";
import { endingOf, type Ending } from "#worker/reason.ts";
import { giveBackRun } from "#worker/recover.ts";
import { removeContainer, runContainer, type ContainerOutcome } from "#worker/run-container.ts";
import { failureOf, refuseForeignKill } from "#worker/run-failure.ts";
import { RunJournal, type RunResult } from "#worker/run-journal.ts";
import { auditOf, noteLimits } from "#worker/run-record.ts";
import { requireDisk, requireImage, requirePlan, requirePolicy } from "#worker/run-requirements.ts";
import { SECCOMP_PROFILE } from "#worker/seccomp.ts";
import type { WorkerContext } from "#worker/worker-context.ts";

/** After its time limit a container has this long to be gone before any reaper takes it. */
const DEADLINE_MARGIN_MS = 60_000;

/** What has to be undone, and what is known for the run's row, however far it got. */
interface Progress {
  containerId: string | null;
  disk: WorkspaceDisk | null;
  limits: RunLimits | null;
  imageDigest: string | null;
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
  const progress: Progress = { containerId: null, disk: null, limits: null, imageDigest: null };
  const result = await carryOut(context, run, stop, journal, progress);
  if (stop.signal.reason === "shutdown" && result.ending.state !== "succeeded") {
    await cleanUp(context, progress);
    await giveBackRun(context, { id: run.id, workerId: context.workerId, attempt: run.attempt });
    return;
  }
  const [stored] = await Promise.all([
    journal.finish(result, auditOf(context, run, result), giveUp),
    cleanUp(context, progress),
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
    const policy = requirePolicy(context);
    const outcome = await inContainer(context, run, policy, stop, journal, progress);
    await refuseForeignKill(context, progress.containerId, outcome);
    const ending = endingOf({
      ...outcome,
      ...outcome.facts,
      stopped: outcome.stopped === "shutdown" ? "cancelled" : outcome.stopped,
    });
    noteLimits(journal, ending, outcome);
    return {
      ...resultOf(progress, ending),
      exitCode: outcome.exitCode,
      usage: {
        wallMs: outcome.wallMs,
        cpuMs: outcome.facts.cpuMs,
        memoryPeakBytes: outcome.facts.memoryPeakBytes,
        processesPeak: outcome.facts.processesPeak,
        diskBytes: outcome.facts.diskBytes,
        outputBytes: outcome.outputBytes,
      },
      outputTruncated: outcome.outputTruncated,
    };
  } catch (error) {
    const ending = stop.signal.aborted && error === stop.signal.reason ? CANCELLED : failureOf(context, run.id, error);
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
  containerId: progress.containerId,
  outputTruncated: false,
});

async function inContainer(
  context: WorkerContext,
  run: ClaimedRun,
  policy: SandboxPolicy,
  stop: AbortController,
  journal: RunJournal,
  progress: Progress,
): Promise<ContainerOutcome & { limits: RunLimits }> {
  const { engine } = context;
  const image = await requireImage(context, policy);
  progress.imageDigest = image.id;
  const plan = requirePlan(context, policy);
  const limits = effectiveLimits(policy, plan);
  progress.limits = limits;
  if (plan.backend === "loop-ext4") {
    progress.disk = await requireDisk(context, policy, plan);
  }
  const body = containerSpec({
    policy,
    plan,
    volume: progress.disk?.volume ?? null,
    imageId: image.id,
    seccomp: SECCOMP_PROFILE,
    language: run.language,
    runId: run.id,
    attempt: run.attempt,
    workerId: context.workerId,
    instanceId: context.instanceId,
    deadline: Date.now() + policy.timeoutMs + DEADLINE_MARGIN_MS,
  });
  stop.signal.throwIfAborted();
  const outcome = await runContainer(engine.docker, {
    body,
    code: run.code,
    timeoutMs: policy.timeoutMs,
    outputBytes: policy.outputBytes,
    stop,
    onCreated: (containerId) => {
      progress.containerId = containerId;
    },
    onOutput: (stream, text) => {
      journal.output(stream, text);
      if (journal.lost) {
        // Another worker has decided about this run: what goes on here serves nobody.
        stop.abort("cancelled");
      }
    },
  });
  return { ...outcome, limits };
}

/** Removes the container, then its disk. What the engine cannot do now the reaper does later. */
async function cleanUp(context: WorkerContext, progress: Progress): Promise<void> {
  try {
    if (progress.containerId !== null) {
      await removeContainer(context.engine.docker, progress.containerId);
    }
    await progress.disk?.release();
  } catch (error) {
    context.log.warn(
      { err: error, containerId: progress.containerId },
      "container not removed yet, left to the reaper",
    );
  }
}

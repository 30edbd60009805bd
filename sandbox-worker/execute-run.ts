/** One claimed run from policy to final state. Whatever goes wrong becomes a reason; nothing is ever executed outside a container. */
import type { AuditEventInput } from "#server/audit/schema.ts";
import { AppError, messageOf } from "#server/core/errors.ts";
import { sandboxPolicy, type SandboxPolicy } from "#server/sandbox/policy.ts";
import type { RunLimits, RunReason } from "#server/sandbox/schema.ts";
import type { ClaimedRun } from "#worker/claim-run.ts";
import { isEngineGone, isMissing, wasKilledByEngine } from "#worker/connect-engine.ts";
import { containerSpec, effectiveLimits } from "#worker/container-spec.ts";
import { planDisk, type DiskPlan } from "#worker/disk-plan.ts";
import type { WorkspaceDisk } from "#worker/loop-disks.ts";
import { endingOf, type Ending } from "#worker/reason.ts";
import { giveBackRun } from "#worker/recover.ts";
import { removeContainer, runContainer, type ContainerOutcome } from "#worker/run-container.ts";
import { RunJournal, type RunResult } from "#worker/run-journal.ts";
import { SECCOMP_PROFILE } from "#worker/seccomp.ts";
import { workerActor, type WorkerContext } from "#worker/worker-context.ts";

/** After its time limit a container has this long to be gone before any reaper takes it. */
const DEADLINE_MARGIN_MS = 60_000;

/** Why a run could not be carried out at all. */
class Refusal extends Error {
  readonly reason: RunReason;

  constructor(reason: RunReason, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

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
    const policy = policyOf(context);
    const outcome = await inContainer(context, run, policy, stop, journal, progress);
    await refuseForeignKill(context, progress.containerId, outcome);
    const ending = endingOf({
      ...outcome,
      ...outcome.facts,
      stopped: outcome.stopped === "shutdown" ? "cancelled" : outcome.stopped,
      limits: policy,
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
    const ending = stop.signal.aborted && error === stop.signal.reason ? CANCELLED : failureOf(context, run, error);
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

function policyOf(context: WorkerContext): SandboxPolicy {
  const answer = sandboxPolicy(context.sandboxing());
  if (!answer.ok) {
    const problems = answer.problems.map(({ path, message }) => `${path} ${message}`);
    throw new Refusal("refused", `The configuration does not allow runs: ${problems.join(" ")}`);
  }
  return answer.policy;
}

async function inContainer(
  context: WorkerContext,
  run: ClaimedRun,
  policy: SandboxPolicy,
  stop: AbortController,
  journal: RunJournal,
  progress: Progress,
): Promise<ContainerOutcome> {
  const { engine } = context;
  const image = await requireImage(context, policy);
  progress.imageDigest = image.id;
  const plan = requirePlan(context, policy);
  progress.limits = effectiveLimits(policy, plan);
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
  return runContainer(engine.docker, {
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
}

async function requireImage(context: WorkerContext, policy: SandboxPolicy): Promise<{ id: string }> {
  const image = await context.engine.findImage(policy.image);
  if (image === null) {
    throw new Refusal(
      "image_missing",
      `The sandbox image ${policy.image} is not there. Build it: node sandbox-worker/images/build.ts (npm start does it too).`,
    );
  }
  if (policy.digest !== null && !image.digests.includes(policy.digest)) {
    throw new Refusal(
      "refused",
      `The image ${policy.image} is ${image.id}, not the one pinned in security.sandboxing.docker.digest. Correct the pin or the image.`,
    );
  }
  if (!policy.readonlyRoot && !image.own) {
    throw new Refusal(
      "limit_unenforceable",
      `The disk limit cannot be held on the writable root of ${policy.image}, which was not built from our recipe. Set security.sandboxing.docker.readonly to true.`,
    );
  }
  return image;
}

function requirePlan(context: WorkerContext, policy: SandboxPolicy): DiskPlan {
  const { runtimes } = context.engine.facts();
  if (!runtimes.includes(policy.runtime)) {
    throw new Refusal(
      "limit_unenforceable",
      `The engine has no runtime "${policy.runtime}". Install it and name it in the engine's daemon.json, or change security.sandboxing.docker.runtime.`,
    );
  }
  const answer = planDisk(policy, context.disks !== null);
  if (!answer.ok) {
    throw new Refusal("limit_unenforceable", answer.message);
  }
  return answer.plan;
}

async function requireDisk(
  context: WorkerContext,
  policy: SandboxPolicy,
  plan: DiskPlan,
): Promise<WorkspaceDisk | null> {
  try {
    return (await context.disks?.take({ bytes: plan.workspaceBytes, uid: policy.uid, gid: policy.gid })) ?? null;
  } catch (error) {
    if (error instanceof AppError) {
      throw new Refusal("limit_unenforceable", error.message, { cause: error });
    }
    throw error;
  }
}

/** Exit codes of a program that was killed or told to end. */
const SIGNAL_EXITS = new Set([137, 143]);

/**
 * An engine that shuts down ends its containers first: from here it looks as if the program had ended. The engine's own events say who did it.
 * @throws Refusal when it was not the program, the engine's error when it does not answer any more.
 */
async function refuseForeignKill(
  context: WorkerContext,
  containerId: string | null,
  outcome: ContainerOutcome,
): Promise<void> {
  if (containerId === null || outcome.stopped !== null || outcome.oomKilled || !SIGNAL_EXITS.has(outcome.exitCode)) {
    return;
  }
  if (await wasKilledByEngine(context.engine.docker, containerId, outcome.wallMs)) {
    throw new Refusal(
      "engine_unavailable",
      `Docker Engine at ${context.engine.endpoint} ended the container from outside, as it does when it shuts down. Send the request again when it is back.`,
    );
  }
}

function failureOf(context: WorkerContext, run: ClaimedRun, error: unknown): Ending {
  if (error instanceof Refusal) {
    return { state: "failed", reason: error.reason, message: error.message };
  }
  if (isEngineGone(error)) {
    context.engine.markUnreachable(error);
    return {
      state: "failed",
      reason: "engine_unavailable",
      message: `Docker Engine not reachable at ${context.engine.endpoint}. Nothing was executed on the host. Start the engine and send the request again.`,
    };
  }
  if (isMissing(error)) {
    context.log.warn({ err: error, runId: run.id }, "image or container gone during a run");
    return missingEnding(error);
  }
  context.log.error({ err: error, runId: run.id }, "run could not be carried out");
  return {
    state: "failed",
    reason: "internal",
    message: `The engine refused the container. The worker's log has the details for run ${run.id}.`,
  };
}

function missingEnding(error: unknown): Ending {
  return /no such image/i.test(messageOf(error))
    ? { state: "failed", reason: "image_missing", message: "The sandbox image was removed. Build it again: npm start." }
    : {
        state: "failed",
        reason: "internal",
        message: "The container was removed from outside during the run. Send the request again.",
      };
}

const LIMIT_REASONS: ReadonlySet<RunReason> = new Set(["memory", "processes", "disk", "output_limit", "timeout"]);
const REFUSAL_REASONS: ReadonlySet<RunReason> = new Set([
  "refused",
  "image_missing",
  "limit_unenforceable",
  "engine_unavailable",
  "internal",
]);

function noteLimits(journal: RunJournal, ending: Ending, outcome: ContainerOutcome): void {
  if (LIMIT_REASONS.has(ending.reason)) {
    journal.limit(ending.reason, ending.message ?? "");
  } else if ((outcome.facts.forksRefused ?? 0) > 0) {
    journal.limit("processes", "A new process or thread was refused; the program went on.");
  }
}

function auditOf(context: WorkerContext, run: ClaimedRun, result: RunResult): AuditEventInput[] {
  const { state, reason } = result.ending;
  const common = {
    actor: workerActor(context),
    ...run.origin,
    target: run.id,
    reason,
    data: {
      state,
      attempt: run.attempt,
      exitCode: result.exitCode,
      wallMs: result.usage?.wallMs ?? null,
      imageDigest: result.imageDigest,
      limits: result.limits === null ? null : { ...result.limits, cpuCores: String(result.limits.cpuCores) },
    },
  };
  const events: AuditEventInput[] = [];
  if (LIMIT_REASONS.has(reason)) {
    events.push({ event: "sandbox.limit_hit", outcome: "denied", ...common, data: { limit: reason } });
  }
  const refused = REFUSAL_REASONS.has(reason) && result.containerId === null;
  events.push({
    event: refused ? "run.refused" : "run.ended",
    outcome: state === "failed" ? "failed" : "ok",
    ...common,
  });
  return events;
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

/** Everything that can keep a run from being carried out, as the reason and the sentence its caller gets. */
import { messageOf } from "#server/core/errors.ts";
import type { RunReason } from "#server/sandbox/schema.ts";
import { isEngineGone, isMissing, wasKilledByEngine } from "#worker/connect-engine.ts";
import type { Ending } from "#worker/reason.ts";
import type { ContainerOutcome } from "#worker/run-container.ts";
import type { WorkerContext } from "#worker/worker-context.ts";

/** Why a run could not be carried out at all. */
export class Refusal extends Error {
  readonly reason: RunReason;

  constructor(reason: RunReason, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

/** Exit codes of a program that was killed or told to end. */
const SIGNAL_EXITS = new Set([137, 143]);

/**
 * An engine that shuts down ends its containers first: from here it looks as if the program had ended. The engine's own events say who did it.
 * @throws Refusal when it was not the program, the engine's error when it does not answer any more.
 */
export async function refuseForeignKill(
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

/** Any error on the way of a run; what is not foreseen is logged in full and told without details. */
export function failureOf(context: WorkerContext, runId: string, error: unknown): Ending {
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
    context.log.warn({ err: error, runId }, "image or container gone during a run");
    return missingEnding(error);
  }
  context.log.error({ err: error, runId }, "run could not be carried out");
  return {
    state: "failed",
    reason: "internal",
    message: `The engine refused the container. The worker's log has the details for run ${runId}.`,
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

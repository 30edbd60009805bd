/** Everything that can keep a run from being carried out, as the reason and the sentence its caller gets. */
import { AppError, messageOf } from "#server/core/errors.ts";
import type { RunReason } from "#server/sandbox/schema.ts";
import { isEngineGone, isMissing, signalsByEngine } from "#worker/connect-engine.ts";
import type { Detection } from "#worker/detect.ts";
import type { ForeignAction, HandsOn } from "#worker/engine-events.ts";
import type { Ending, StopCause } from "#worker/reason.ts";
import type { ContainerOutcome } from "#worker/run-container.ts";
import type { SandboxContainer } from "#worker/sandbox-container.ts";
import type { WorkerContext } from "#worker/worker-context.ts";

/** Why a run could not be carried out at all. */
export class Refusal extends Error {
  readonly reason: RunReason;

  constructor(reason: RunReason, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

/** A refusal whose cause goes on record by itself. */
export class DetectedRefusal extends Refusal {
  readonly detection: Detection;

  constructor(message: string, detection: Detection) {
    super("refused", message);
    this.detection = detection;
  }
}

/** What goes on record about another client of the engine at a container. */
export const foreignDetection = ({ action, attributes }: ForeignAction): Detection => ({
  event: "sandbox.foreign_action",
  reason: "foreign_client",
  evidence: { action, attributes },
});

/** Exit codes of a program that was killed or told to end. */
const SIGNAL_EXITS = new Set([137, 143]);

/**
 * Tells the program's own end from one that others brought about, or had a hand in.
 * An engine that shuts down ends its containers first, politely and then by force: from here it looks as if the program had ended. The
 * engine's own events say who did it. SIGKILL as the first signal is no shutdown but another client.
 * @returns why the worker ended it, as far as that decides about the run's end
 * @throws Refusal when it was not the program, the engine's error when it does not answer any more.
 */
export async function refuseForeignHands(
  context: WorkerContext,
  box: SandboxContainer | null,
  outcome: ContainerOutcome,
): Promise<StopCause> {
  const { stopped } = outcome;
  const seen = box?.hands?.seen ?? null;
  if (stopped === "foreign_action" || seen !== null) {
    throw foreignRefusal(seen ?? { action: "unknown", attributes: {} });
  }
  if (box !== null && box.id !== null && stopped === null && !outcome.oomKilled && SIGNAL_EXITS.has(outcome.exitCode)) {
    const [signal] = await signalsByEngine(context.engine.docker, box.id, outcome.wallMs);
    if (signal === "9") {
      throw foreignRefusal({ action: "kill", attributes: { signal } });
    }
    if (signal !== undefined) {
      throw new Refusal(
        "engine_unavailable",
        `Docker Engine at ${context.engine.endpoint} ended the container from outside, as it does when it shuts down. Send the request again when it is back.`,
      );
    }
  }
  return stopped === "shutdown" ? "cancelled" : stopped;
}

const foreignRefusal = (action: ForeignAction): DetectedRefusal =>
  new DetectedRefusal(
    `Another client of the engine acted on the run's container (${action.action}), so the run was ended. Find out who else can reach the engine.`,
    foreignDetection(action),
  );

/** What kept a run from being carried out: another client of the engine, when one had a hand in it, whatever came of that; else the error. */
export const causeOf = (hands: HandsOn | null, error: unknown): unknown =>
  hands === null || hands.seen === null ? error : foreignRefusal(hands.seen);

/** Any error on the way of a run; what is not foreseen is logged in full and told without details. */
export function failureOf(context: WorkerContext, runId: string, error: unknown): Ending {
  if (error instanceof Refusal) {
    return { state: "failed", reason: error.reason, message: error.message };
  }
  if (error instanceof AppError && error.code === "CANNOT_DECRYPT") {
    return { state: "failed", reason: "refused", message: error.message };
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

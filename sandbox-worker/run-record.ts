/** What the record and the run's own stream say about its end. */
import { recordEvents } from "#server/audit/index.ts";
import type { AuditEventInput } from "#server/audit/schema.ts";
import { withTx, type Db } from "#server/core/db/client.ts";
import type { Logger } from "#server/core/log.ts";
import type { RunReason } from "#server/sandbox/schema.ts";
import type { ClaimedRun } from "#worker/claim-run.ts";
import type { Detection } from "#worker/detect.ts";
import type { EngineContext } from "#worker/engine-context.ts";
import type { Ending } from "#worker/reason.ts";
import type { ContainerOutcome } from "#worker/run-container.ts";
import type { RunJournal, RunResult } from "#worker/run-journal.ts";
import { workerActor, type WorkerContext } from "#worker/worker-context.ts";

const LIMIT_REASONS: ReadonlySet<RunReason> = new Set(["memory", "processes", "disk", "output_limit", "timeout"]);
const REFUSAL_REASONS: ReadonlySet<RunReason> = new Set([
  "refused",
  "image_missing",
  "limit_unenforceable",
  "engine_unavailable",
  "internal",
]);

/** Tells the stream which limit was met, also when the program coped with it. */
export function noteLimits(journal: RunJournal, ending: Ending, outcome: ContainerOutcome): void {
  if (LIMIT_REASONS.has(ending.reason)) {
    journal.limit(ending.reason, ending.message ?? "");
  } else if ((outcome.facts.forksRefused ?? 0) > 0) {
    journal.limit("processes", "A new process or thread was refused; the program went on.");
  }
}

/** Events of the end, stored with it. @param detections signs that the program tried to get out */
export function auditOf(
  context: WorkerContext,
  run: ClaimedRun,
  result: RunResult,
  detections: readonly Detection[] = [],
): AuditEventInput[] {
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
      cpuMs: whole(result.usage?.cpuMs ?? null),
      memoryPeakBytes: whole(result.usage?.memoryPeakBytes ?? null),
      acquireMs: result.usage?.acquireMs ?? null,
      warm: result.usage?.warm ?? null,
      imageDigest: result.imageDigest,
      limits: result.limits === null ? null : { ...result.limits, cpuCores: String(result.limits.cpuCores) },
    },
  };
  const events: AuditEventInput[] = [];
  if (LIMIT_REASONS.has(reason)) {
    events.push({ event: "sandbox.limit_hit", outcome: "denied", ...common, data: { limit: reason } });
  }
  for (const { event, reason: sign, evidence } of detections) {
    const data = { ...evidence, containerId: result.containerId, attempt: run.attempt, state, end: reason };
    events.push({ event, outcome: "denied", ...common, reason: sign, data });
  }
  const refused = REFUSAL_REASONS.has(reason) && result.containerId === null;
  events.push({
    event: refused ? "run.refused" : "run.ended",
    outcome: state === "failed" ? "failed" : "ok",
    ...common,
  });
  return events;
}

const whole = (value: number | null): number | null => (value === null ? null : Math.round(value));

/** Writes down what was seen at a container that waits for a run, whose record it would be otherwise. */
export function detectionRecorder(deps: { db: Db; log: Logger; workerId: string }): EngineContext["recordDetection"] {
  return async ({ event, reason, evidence }, containerId) => {
    const found: AuditEventInput = {
      event,
      outcome: "denied",
      actor: { type: "worker", id: deps.workerId },
      target: containerId ?? undefined,
      reason,
      data: { ...evidence, containerId },
    };
    deps.log.warn(found, "a waiting container was destroyed");
    try {
      await withTx(deps.db, (tx) => recordEvents(tx, [found]));
    } catch (error) {
      deps.log.error({ err: error, found }, "not on record: the database did not take it");
    }
  };
}

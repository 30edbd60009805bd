/** Ends of runs that wait in the queue: cancelled before a worker took them, or waiting while no engine is there to take them. */
import { recordEvents } from "#server/audit/index.ts";
import { withTx, type Tx } from "#server/core/db/client.ts";
import type { RunReason, RunState } from "#server/sandbox/schema.ts";
import { workerActor, type WorkerContext } from "#worker/worker-context.ts";

/** A run that was accepted just before the engine went may wait this long for it to come back. */
const ENGINE_GRACE_SECONDS = 10;

/** Queued runs that are ended at a time. */
const AT_ONCE = 4;

interface QueuedEnding {
  state: Extract<RunState, "cancelled" | "failed">;
  reason: RunReason;
  message: string;
}

/** Ends `runId` as cancelled if it is queued and somebody asked for that; otherwise does nothing. */
export async function cancelQueuedRun(tx: Tx, context: WorkerContext, runId: string): Promise<boolean> {
  const found = await tx.$queryRaw<{ id: string }[]>`
    SELECT id FROM run WHERE id = ${runId} AND state = 'queued' AND cancel_requested_at IS NOT NULL FOR UPDATE SKIP LOCKED`;
  if (found.length === 0) {
    return false;
  }
  await endQueued(tx, context, runId, {
    state: "cancelled",
    reason: "cancelled",
    message: "The run was stopped on request before it began.",
  });
  return true;
}

/** Ends every queued run that somebody asked to stop. */
export async function cancelQueuedRuns(context: WorkerContext): Promise<void> {
  const waiting = await context.db.run.findMany({
    where: { state: "queued", cancelRequestedAt: { not: null } },
    select: { id: true },
    take: 100,
  });
  // Several at once: when everything is stopped, many wait. Another worker may be at the same ones.
  const ends = waiting.values();
  const endNext = async (): Promise<void> => {
    for (const { id } of ends) {
      await withTx(context.db, (tx) => cancelQueuedRun(tx, context, id));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, endNext));
}

/** Ends queued runs that have waited while no live worker has an engine. The caller has checked that none has. */
export async function failUnservedRuns(context: WorkerContext): Promise<void> {
  const { endpoint } = context.engine;
  const waiting = await context.db.$queryRaw<{ id: string }[]>`
    SELECT run.id FROM run
    WHERE state = 'queued' AND COALESCE(
      (SELECT max(at) FROM run_event WHERE run_id = run.id), created_at
    ) < now() - make_interval(secs => ${ENGINE_GRACE_SECONDS}::int)
    LIMIT 100`;
  for (const { id } of waiting) {
    await withTx(context.db, async (tx) => {
      const held = await tx.$queryRaw<{ id: string }[]>`
        SELECT id FROM run WHERE id = ${id} AND state = 'queued' FOR UPDATE SKIP LOCKED`;
      if (held.length > 0) {
        await endQueued(tx, context, id, {
          state: "failed",
          reason: "engine_unavailable",
          message: `Docker Engine not reachable at ${endpoint}. Nothing was executed.`,
        });
      }
    });
  }
}

/** The caller holds the row's lock and has checked its state. */
async function endQueued(tx: Tx, context: WorkerContext, runId: string, ending: QueuedEnding): Promise<void> {
  const { state, reason, message } = ending;
  const run = await tx.run.update({
    where: { id: runId },
    data: { state, reason, message, finishedAt: new Date() },
    select: { tokenId: true, userId: true, channel: true, requestId: true },
  });
  const { _max } = await tx.runEvent.aggregate({ where: { runId }, _max: { seq: true } });
  const seq = (_max.seq ?? 0) + 1;
  const data = context.runSeal.sealEvent(runId, seq, "end", { state, reason, exitCode: null, message });
  await tx.runEvent.create({ data: { runId, seq, kind: "end", data } });
  await recordEvents(tx, [
    {
      event: state === "cancelled" ? "run.ended" : "run.refused",
      outcome: state === "cancelled" ? "ok" : "failed",
      actor: workerActor(context),
      tokenId: run.tokenId ?? undefined,
      userId: run.userId ?? undefined,
      channel: run.channel,
      requestId: run.requestId,
      target: runId,
      reason,
      data: { state },
    },
  ]);
}

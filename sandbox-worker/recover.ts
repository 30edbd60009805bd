/**
 * Runs of workers that died: done once more, then given up. Each accepted run so ends in exactly one final state.
 * The step is conditional on worker and attempt, so several workers may try and one succeeds.
 */
import { fromPrisma } from "pg-boss";
import { recordEvents } from "#server/audit/index.ts";
import { withTx } from "#server/core/db/client.ts";
import { RUN_QUEUE, type RunJob } from "#server/sandbox/index.ts";
import { workerActor, type WorkerContext } from "#worker/worker-context.ts";

/** A program that takes its worker down with it is not tried a third time. */
const MAX_ATTEMPTS = 2;

interface HeldRun {
  id: string;
  workerId: string;
  attempt: number;
}

/** Goes through the running runs of all workers that are not alive. */
export async function recoverLostRuns(context: WorkerContext, isAlive: (workerId: string) => boolean): Promise<void> {
  const running = await context.db.run.findMany({
    where: { state: "running", workerId: { not: context.workerId } },
    select: { id: true, workerId: true, attempt: true },
    take: 500,
  });
  for (const { id, workerId, attempt } of running) {
    if (workerId !== null && !isAlive(workerId)) {
      await giveBackRun(context, { id, workerId, attempt });
    }
  }
}

/** Puts a run back into the queue, or ends it as `worker_lost` (as cancelled when that was asked for) after its last attempt. */
export async function giveBackRun(context: WorkerContext, held: HeldRun): Promise<void> {
  const { id: runId, workerId, attempt } = held;
  await withTx(context.db, async (tx) => {
    const [run] = await tx.$queryRaw<
      {
        cancelled: boolean;
        last_seq: number;
        token_id: string | null;
        user_id: string | null;
        channel: string;
        request_id: string;
      }[]
    >`
      SELECT cancel_requested_at IS NOT NULL AS cancelled, token_id, user_id, channel, request_id,
        (SELECT max(seq) FROM run_event WHERE run_id = ${runId}) AS last_seq
      FROM run WHERE id = ${runId} AND worker_id = ${workerId} AND attempt = ${attempt} AND state = 'running' FOR UPDATE`;
    if (run === undefined) {
      return;
    }
    const seq = run.last_seq + 1;
    const record = {
      actor: workerActor(context),
      tokenId: run.token_id ?? undefined,
      userId: run.user_id ?? undefined,
      channel: run.channel,
      requestId: run.request_id,
      target: runId,
    };
    if (!run.cancelled && attempt < MAX_ATTEMPTS) {
      await tx.run.update({
        where: { id: runId },
        data: { state: "queued", workerId: null, containerId: null, startedAt: null },
      });
      await tx.runEvent.create({ data: { runId, seq, kind: "requeued", data: { attempt } } });
      await context.boss.send(RUN_QUEUE, { runId } satisfies RunJob, { db: fromPrisma(tx) });
      await recordEvents(tx, [
        {
          event: "run.requeued",
          outcome: "ok",
          ...record,
          reason: "worker_lost",
          data: { attempt, lostWorker: workerId },
        },
      ]);
      return;
    }
    const ending = run.cancelled
      ? ({ state: "cancelled", reason: "cancelled", message: "The run was stopped on request." } as const)
      : ({
          state: "failed",
          reason: "worker_lost",
          message: `The sandbox worker was lost during the run, ${attempt} times. Send the request again.`,
        } as const);
    await tx.run.update({ where: { id: runId }, data: { ...ending, finishedAt: new Date() } });
    const data = context.runSeal.sealEvent(runId, seq, "end", { ...ending, exitCode: null });
    await tx.runEvent.create({ data: { runId, seq, kind: "end", data } });
    await recordEvents(tx, [
      {
        event: "run.ended",
        outcome: run.cancelled ? "ok" : "failed",
        ...record,
        reason: ending.reason,
        data: { state: ending.state, attempt, lostWorker: workerId },
      },
    ]);
  });
}

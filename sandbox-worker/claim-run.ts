/** Takes the next run from the queue: job, row, event and record in one transaction, so that a crash leaves either a queued or a running run. */
import { fromPrisma } from "pg-boss";
import { recordEvents } from "#server/audit/index.ts";
import type { AuditEventInput } from "#server/audit/schema.ts";
import { withTx, type Tx } from "#server/core/db/client.ts";
import { RUN_QUEUE, type RunJob } from "#server/sandbox/index.ts";
import type { RunLanguage } from "#server/sandbox/schema.ts";
import { cancelQueuedRun } from "#worker/queued-runs.ts";
import { workerActor, type WorkerContext } from "#worker/worker-context.ts";

export interface ClaimedRun {
  id: string;
  attempt: number;
  /** First free sequence number of its events. */
  nextSeq: number;
  language: RunLanguage;
  /** As it is stored: one that cannot be opened must end its own run, not the claiming of others. */
  storedCode: string;
  /** Earlier turns that go with a question, as they are stored; null = none. */
  storedHistory: string | null;
  profile: string;
  agent: string | null;
  model: string | null;
  /** Paths below /workspace to keep. */
  outputs: string[];
  /** Files came with it. */
  hasInputs: boolean;
  /** Who and where, for the record. */
  origin: Pick<AuditEventInput, "tokenId" | "userId" | "channel" | "requestId">;
}

interface ClaimedRow {
  attempt: number;
  last_seq: number;
  language: RunLanguage;
  code: string;
  history: string | null;
  profile: string;
  agent: string | null;
  model: string | null;
  outputs: string[];
  has_inputs: boolean;
  token_id: string | null;
  user_id: string | null;
  channel: string;
  request_id: string;
}

/** Null when the queue is empty; `"skipped"` when the job's run needed no worker any more (ended, cancelled, or taken). */
export async function claimNextRun(context: WorkerContext): Promise<ClaimedRun | "skipped" | null> {
  const { boss, db, workerId } = context;
  return withTx(db, async (tx) => {
    const queue = { db: fromPrisma(tx) };
    const [job] = await boss.fetch<RunJob>(RUN_QUEUE, queue);
    if (job === undefined) {
      return null;
    }
    await boss.deleteJob(RUN_QUEUE, job.id, queue);
    const { runId } = job.data;
    const [row] = await tx.$queryRaw<ClaimedRow[]>`
      UPDATE run SET state = 'running', worker_id = ${workerId}, attempt = attempt + 1, started_at = now()
      WHERE id = ${runId} AND state = 'queued' AND cancel_requested_at IS NULL
        AND lock_on_run(user_id, role_name, principal_id, channel) IS NULL
      RETURNING attempt, language, code, history, profile, agent, model, outputs, token_id, user_id, channel, request_id,
        EXISTS (SELECT FROM run_file WHERE run_id = ${runId} AND direction = 'input') AS has_inputs,
        (SELECT max(seq) FROM run_event WHERE run_id = ${runId}) AS last_seq`;
    if (row === undefined) {
      await stopLocked(tx, context, runId);
      await cancelQueuedRun(tx, context, runId);
      return "skipped";
    }
    const { attempt, language, code, history, profile, agent, model, outputs } = row;
    const startedSeq = row.last_seq + 1;
    const origin = {
      tokenId: row.token_id ?? undefined,
      userId: row.user_id ?? undefined,
      channel: row.channel,
      requestId: row.request_id,
    };
    await tx.runEvent.create({ data: { runId, seq: startedSeq, kind: "started", data: { attempt, workerId } } });
    await recordEvents(tx, [
      {
        event: "run.started",
        outcome: "ok",
        actor: workerActor(context),
        ...origin,
        target: runId,
        data: { attempt, language, profile, ...(agent === null ? {} : { agent, model }) },
      },
    ]);
    return {
      id: runId,
      attempt,
      nextSeq: startedSeq + 1,
      language,
      storedCode: code,
      storedHistory: history,
      profile,
      agent,
      model,
      outputs,
      hasInputs: row.has_inputs,
      origin,
    };
  });
}

/** A run that an incident's lock keeps from starting: it was accepted in the moment of the lock, by a server that had not heard of it yet. */
async function stopLocked(tx: Tx, context: WorkerContext, runId: string): Promise<void> {
  const stopped = await tx.$queryRaw<{ lock: string }[]>`
    UPDATE run SET cancel_requested_at = now(),
      cancel_requested_by = 'lock:' || lock_on_run(user_id, role_name, principal_id, channel)
    WHERE id = ${runId} AND state = 'queued' AND cancel_requested_at IS NULL
      AND lock_on_run(user_id, role_name, principal_id, channel) IS NOT NULL
    RETURNING cancel_requested_by AS lock`;
  await recordEvents(
    tx,
    stopped.map(({ lock }) => ({
      event: "run.cancel_requested",
      outcome: "ok",
      actor: workerActor(context),
      target: runId,
      reason: "locked",
      because: lock.replace("lock:", ""),
    })),
  );
}

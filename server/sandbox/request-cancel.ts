/** Asks for a run to be stopped. The worker that holds it acts within 2 s; the request and its record are one transaction. */
import { recordEvents } from "#server/audit/index.ts";
import type { Actor } from "#server/audit/schema.ts";
import { withTx, type Db } from "#server/core/db/client.ts";
import type { Clock } from "#server/core/clock.ts";
import { ownedBy, runNotFound, type RunScope } from "#server/sandbox/get-run.ts";
import { isFinal, RUN_STATES } from "#server/sandbox/schema.ts";

interface CancelRequest extends RunScope {
  runId: string;
  requestId?: string | undefined;
}

/** What became of the request: `already_final` and `already_requested` change nothing. */
type CancelAnswer = "requested" | "already_requested" | "already_final";

/** @throws AppError NOT_FOUND for a run that does not exist or is outside the scope. */
export async function requestCancel(
  deps: { db: Db; clock: Clock },
  actor: Actor,
  request: CancelRequest,
): Promise<CancelAnswer> {
  const { runId } = request;
  return withTx(deps.db, async (tx) => {
    const run = await tx.run.findFirst({
      where: { id: runId, ...ownedBy(request) },
      select: { state: true, cancelRequestedAt: true },
    });
    if (run === null) {
      throw runNotFound();
    }
    const open = RUN_STATES.filter((state) => !isFinal(state));
    if (!open.some((state) => state === run.state)) {
      return "already_final";
    }
    const changed = await tx.run.updateMany({
      where: { id: runId, cancelRequestedAt: null, state: { in: open } },
      data: { cancelRequestedAt: new Date(deps.clock.now()), cancelRequestedBy: `${actor.type}:${actor.id}` },
    });
    if (changed.count === 0) {
      return "already_requested";
    }
    await recordEvents(tx, [
      { event: "run.cancel_requested", outcome: "ok", actor, target: runId, requestId: request.requestId },
    ]);
    return "requested";
  });
}

/** Lifts locks. What they ended stays ended; what they shut out comes in again with the next request. */
import { recordEvents } from "#server/audit/index.ts";
import { withTx } from "#server/core/db/with-tx.ts";
import { AppError } from "#server/core/errors.ts";
import { parseInput } from "#server/core/parse-input.ts";
import { LiftLock, Resume } from "#server/incidents/schema.ts";
import type { LockDeps, LockedBy } from "#server/incidents/set-lock.ts";

/** @throws AppError NOT_FOUND for a lock that is not there, CONFLICT for one that has ended. */
export async function liftLock(
  { db, clock }: Pick<LockDeps, "db" | "clock">,
  { actor }: LockedBy,
  input: { id: string },
): Promise<void> {
  const { id } = parseInput(LiftLock, "Lock", input);
  await withTx(db, async (tx) => {
    const lock = await tx.incidentLock.findUnique({ where: { id } });
    if (lock === null) {
      throw new AppError("NOT_FOUND", "There is no lock with this id. List them with: openclaw incident status");
    }
    const { count } = await tx.incidentLock.updateMany({
      where: { id, endedAt: null },
      data: { endedAt: new Date(clock.now()), endedBy: `${actor.type}:${actor.id}` },
    });
    if (count === 0) {
      throw new AppError("CONFLICT", "This lock has ended already.");
    }
    const { kind, target, drill } = lock;
    await recordEvents(tx, [
      {
        event: kind === "everything" && !drill ? "incident.everything_resumed" : "incident.lock_lifted",
        outcome: "ok",
        actor,
        target: id,
        reason: kind,
        data: { kind, locked: target, drill },
      },
    ]);
  });
}

/** Takes the lock on everything away, and drills of it. @returns how many; 0 = nothing was stopped. */
export async function resume(
  { db, clock }: Pick<LockDeps, "db" | "clock">,
  { actor }: LockedBy,
  input: { reason: string },
): Promise<number> {
  const { reason } = parseInput(Resume, "Resume", input);
  return withTx(db, async (tx) => {
    const ended = await tx.incidentLock.updateManyAndReturn({
      where: { kind: "everything", endedAt: null },
      data: { endedAt: new Date(clock.now()), endedBy: `${actor.type}:${actor.id}` },
      select: { id: true, drill: true },
    });
    await recordEvents(
      tx,
      ended.map(({ id, drill }) => ({
        event: drill ? "incident.lock_lifted" : "incident.everything_resumed",
        outcome: "ok" as const,
        actor,
        target: id,
        reason: "everything",
        data: { kind: "everything", locked: "", drill, why: reason },
      })),
    );
    return ended.length;
  });
}

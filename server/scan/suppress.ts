/**
 * Accepting findings for a time. They stay visible, with the reason and who gave it, and come back when the time is over.
 * Threat: a finding that is silenced for ever, or by nobody in particular.
 */
import { recordEvents } from "#server/audit/index.ts";
import type { Actor } from "#server/audit/schema.ts";
import { withTx, type Db } from "#server/core/db/client.ts";
import { AppError } from "#server/core/errors.ts";
import { randomId } from "#server/core/ids.ts";
import type { LiveSuppression } from "#server/scan/policy.ts";
import { findCheck } from "#server/scan/registry.ts";
import { MAX_SUPPRESSION_MS, type SuppressRequest, type Suppression } from "#server/scan/schema.ts";

/** Ended and expired ones that are shown. */
const MAX_LISTED = 200;

/** @throws AppError("NOT_FOUND") for an id that no check has, AppError("INVALID_INPUT") for a time that is over or too far away. */
export async function suppressFinding(
  db: Db,
  actor: Actor,
  { checkId, match, reason, until }: SuppressRequest,
  now: Date,
): Promise<Suppression> {
  if (findCheck(checkId) === undefined) {
    throw new AppError("NOT_FOUND", `There is no check ${checkId}. docs/scan.md lists them; a report names its own.`);
  }
  const ms = until.getTime() - now.getTime();
  if (ms <= 0) {
    throw new AppError("INVALID_INPUT", "until: is over already. Give a day in the future.");
  }
  if (ms > MAX_SUPPRESSION_MS) {
    throw new AppError(
      "INVALID_INPUT",
      "until: is more than a year away. A suppression has to be thought over once a year.",
    );
  }
  return withTx(db, async (tx) => {
    const row = await tx.scanSuppression.create({
      data: { id: randomId("sup"), checkId, match: match ?? null, reason, until, createdBy: actor.id, createdAt: now },
    });
    await recordEvents(tx, [
      {
        event: "scan.suppressed",
        outcome: "ok",
        actor,
        target: checkId,
        reason: "suppressed",
        data: { suppression: row.id, match: row.match, why: reason, until: until.toISOString() },
      },
    ]);
    return { ...row, live: true };
  });
}

/** @throws AppError("NOT_FOUND") when there is none of that id that still holds. */
export async function endSuppression(db: Db, actor: Actor, id: string, now: Date): Promise<void> {
  await withTx(db, async (tx) => {
    const ended = await tx.scanSuppression.updateMany({
      where: { id, endedAt: null, until: { gt: now } },
      data: { endedAt: now },
    });
    if (ended.count === 0) {
      throw new AppError("NOT_FOUND", `There is no suppression ${id} that still holds.`);
    }
    const { checkId } = await tx.scanSuppression.findUniqueOrThrow({ where: { id }, select: { checkId: true } });
    await recordEvents(tx, [
      {
        event: "scan.suppression_ended",
        outcome: "ok",
        actor,
        target: checkId,
        reason: "taken_back",
        data: { suppression: id },
      },
    ]);
  });
}

/** Those that hold at `now`. */
export async function liveSuppressions(db: Db, now: Date): Promise<LiveSuppression[]> {
  return db.scanSuppression.findMany({
    where: { endedAt: null, until: { gt: now } },
    select: { id: true, checkId: true, match: true, reason: true, until: true, createdBy: true },
    orderBy: { createdAt: "asc" },
  });
}

/** Newest first, those that are over as well. */
export async function listSuppressions(db: Db, now: Date): Promise<Suppression[]> {
  const rows = await db.scanSuppression.findMany({ orderBy: { createdAt: "desc" }, take: MAX_LISTED });
  return rows.map(({ endedAt, ...row }) => ({ ...row, live: endedAt === null && row.until > now }));
}

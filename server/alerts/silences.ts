/** Silences: who wants to hear nothing of what, until when, and why. */
import { z } from "zod";
import { announceAlerts } from "#server/alerts/announce.ts";
import { Matcher, type Silence, type SilenceDraft } from "#server/alerts/schema.ts";
import { recordEvents } from "#server/audit/index.ts";
import type { Actor } from "#server/audit/schema.ts";
import type { Db } from "#server/core/db/client.ts";
import { withTx } from "#server/core/db/with-tx.ts";
import { AppError } from "#server/core/errors.ts";
import { newSilenceId } from "#server/core/ids.ts";

const DAY_MS = 24 * 60 * 60_000;
/** A silence without an end is a switch that somebody forgets. */
const LONGEST_MS = 90 * DAY_MS;
const MOST_SHOWN = 200;
const MOST_OPEN = 100;

/** The newest first; those that are over for 90 days are gone. */
export async function listSilences(db: Db, now: Date): Promise<Silence[]> {
  const rows = await db.alertSilence.findMany({ orderBy: [{ endsAt: "desc" }, { id: "asc" }], take: MOST_SHOWN });
  return rows.map(({ matchers, ...row }) => ({
    ...row,
    matchers: z.array(Matcher).safeParse(matchers).data ?? [],
    state: row.endsAt <= now ? "ended" : row.startsAt > now ? "planned" : "active",
  }));
}

/** @throws AppError INVALID_INPUT naming the field */
export async function setSilence(db: Db, actor: Actor, draft: SilenceDraft, now: Date): Promise<{ id: string }> {
  const { matchers, comment, startsAt = now, endsAt } = draft;
  if (endsAt <= now || endsAt <= startsAt) {
    throw new AppError("INVALID_INPUT", "endsAt: must lie in the future, and after the beginning.");
  }
  if (endsAt.getTime() - startsAt.getTime() > LONGEST_MS || startsAt.getTime() - now.getTime() > LONGEST_MS) {
    throw new AppError("INVALID_INPUT", "endsAt: a silence lasts 90 days at most. Pause the rule instead.");
  }
  const id = newSilenceId();
  await withTx(db, async (tx) => {
    if ((await tx.alertSilence.count({ where: { endsAt: { gt: now } } })) >= MOST_OPEN) {
      throw new AppError("CONFLICT", `There can be ${MOST_OPEN} silences at a time. End one that is not needed.`);
    }
    await tx.alertSilence.create({
      data: { id, matchers, comment, startsAt, endsAt, createdBy: `${actor.type}:${actor.id}` },
    });
    await announceAlerts(tx);
    await recordEvents(tx, [
      {
        event: "alert.silence_set",
        outcome: "ok",
        actor,
        target: id,
        reason: "set",
        data: {
          matchers: matchers.map(matcherText).join(" and ").slice(0, 900),
          comment,
          startsAt: startsAt.toISOString(),
          endsAt: endsAt.toISOString(),
        },
      },
    ]);
  });
  return { id };
}

/** @throws AppError NOT_FOUND, CONFLICT for one that is over */
export async function endSilence(db: Db, actor: Actor, id: string, now: Date): Promise<void> {
  await withTx(db, async (tx) => {
    const row = await tx.alertSilence.findUnique({ where: { id } });
    if (row === null) {
      throw new AppError("NOT_FOUND", "There is no silence with this id.");
    }
    const end = row.startsAt >= now ? new Date(row.startsAt.getTime() + 1) : now;
    const { count } = await tx.alertSilence.updateMany({
      where: { id, endsAt: { gt: now } },
      data: { endsAt: end, endedBy: `${actor.type}:${actor.id}` },
    });
    if (count === 0) {
      throw new AppError("CONFLICT", "This silence is over already.");
    }
    await announceAlerts(tx);
    await recordEvents(tx, [
      {
        event: "alert.silence_set",
        outcome: "ok",
        actor,
        target: id,
        reason: "ended",
        data: { comment: row.comment, endsAt: end.toISOString() },
      },
    ]);
  });
}

const OPERATORS: Record<Matcher["operator"], string> = { is: "=", is_not: "!=", like: "~" };

export const matcherText = ({ label, operator, value }: Matcher): string => `${label}${OPERATORS[operator]}${value}`;

/** The caller's own sessions. */
import type { AccountCall } from "#server/account/services.ts";
import type { SessionId, SessionSummary } from "#server/account/schema.ts";
import { describeSessions, endSessions, liveAt } from "#server/auth/index.ts";
import { withTx } from "#server/core/db/with-tx.ts";
import { AppError } from "#server/core/errors.ts";
import type { z } from "zod";

const LISTED_MAX = 100;

/** Those that go on, the one that asks first, then the ones seen last. */
export async function listSessions({ services, session }: AccountCall): Promise<SessionSummary[]> {
  const rows = await services.db.consoleSession.findMany({
    where: { memberId: session.memberId, ...liveAt(new Date(services.clock.now())) },
    orderBy: { lastSeenAt: "desc" },
    take: LISTED_MAX,
  });
  const sessions = await describeSessions(services, rows, session.id, session.actor);
  return [...sessions.filter(({ current }) => current), ...sessions.filter(({ current }) => !current)];
}

/** @throws AppError NOT_FOUND for one that is not the caller's or is over. */
export async function endOwnSession(call: AccountCall, { id }: z.output<typeof SessionId>): Promise<void> {
  if ((await end(call, { publicId: id })) === 0) {
    throw new AppError("NOT_FOUND", "You have no such session, or it has ended. Reload the list.");
  }
}

export const endOtherSessions = async (call: AccountCall): Promise<{ ended: number }> => ({
  ended: await end(call, { publicId: { not: call.session.id } }),
});

function end({ services, session }: AccountCall, which: { publicId: string | { not: string } }): Promise<number> {
  const { memberId, actor } = session;
  const now = new Date(services.clock.now());
  return withTx(services.db, (tx) =>
    endSessions(tx, { where: { memberId, ...which }, actor, reason: "ended_by_owner", now }),
  );
}

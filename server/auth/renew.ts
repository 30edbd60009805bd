/** What follows from a change of what proves a member: older sessions are over, and the one that made the change goes on. */
import type { Actor } from "#server/audit/schema.ts";
import { endSessions, type SessionEnd } from "#server/auth/end-sessions.ts";
import type { Tx } from "#server/core/db/client.ts";

interface Renewal {
  memberId: string;
  /** The session that goes on; null = none does. */
  keep: string | null;
  actor: Actor;
  reason: SessionEnd;
  now: Date;
}

/** Raises the member's version as part of `tx` and ends every session but `keep`. @returns the new version, and how many sessions ended. */
export async function renewMember(
  tx: Tx,
  { memberId, keep, actor, reason, now }: Renewal,
): Promise<{ authVersion: number; ended: number }> {
  const { authVersion } = await tx.member.update({
    where: { id: memberId },
    data: { authVersion: { increment: 1 } },
    select: { authVersion: true },
  });
  const others = keep === null ? {} : { publicId: { not: keep } };
  const ended = await endSessions(tx, { where: { memberId, ...others }, actor, reason, now });
  if (keep !== null) {
    await tx.consoleSession.updateMany({ where: { memberId, publicId: keep, revokedAt: null }, data: { authVersion } });
  }
  return { authVersion, ended };
}

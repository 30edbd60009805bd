/** Ending sessions, with a record of each that says who ended it and why. */
import { recordEvents } from "#server/audit/index.ts";
import type { Actor } from "#server/audit/schema.ts";
import { SESSION_IDLE_MS } from "#server/auth/policy.ts";
import type { AuthServices } from "#server/auth/services.ts";
import { sessionHash } from "#server/auth/session.ts";
import type { Prisma, Tx } from "#server/core/db/client.ts";
import { withTx } from "#server/core/db/with-tx.ts";

/** Why a session ended before its time. */
export type SessionEnd =
  | "signed_out"
  | "ended_by_owner"
  | "ended_by_admin"
  | "role_changed"
  | "password_changed"
  | "factors_changed"
  | "member_disabled"
  | "locked";

/** By the member's own choice; ending one that is already over changes and records nothing. */
export async function signOut({ db, clock }: Pick<AuthServices, "db" | "clock">, id: string): Promise<void> {
  const now = new Date(clock.now());
  await withTx(db, (tx) =>
    endSessions(tx, { where: { idHash: sessionHash(id) }, actor: null, reason: "signed_out", now }),
  );
}

interface Ending {
  where: Prisma.ConsoleSessionWhereInput;
  /** Null: the member whose session it is. */
  actor: Actor | null;
  reason: SessionEnd;
  now: Date;
}

/** Ends those of the matching sessions that go on, as part of `tx`. @returns how many. */
export async function endSessions(tx: Tx, { where, actor, reason, now }: Ending): Promise<number> {
  const ended = await tx.consoleSession.updateManyAndReturn({
    where: { AND: [where, liveAt(now)] },
    data: { revokedAt: now },
    select: { publicId: true, memberId: true },
  });
  await recordEvents(
    tx,
    ended.map(({ publicId, memberId }) => ({
      event: "auth.console_session_ended" as const,
      outcome: "ok" as const,
      actor: actor ?? { type: "member" as const, id: memberId },
      target: publicId,
      reason,
      data: { member: memberId },
    })),
  );
  return ended.length;
}

/** Rows of sessions that go on at that time, apart from what their member's row says. */
export const liveAt = (now: Date) => ({
  revokedAt: null,
  expiresAt: { gt: now },
  lastSeenAt: { gt: new Date(now.getTime() - SESSION_IDLE_MS) },
});

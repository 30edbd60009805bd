/** Members whom an incident has shut out of the console: they are refused with the lock's own words, on record, on every call and at sign-in. */
import { can } from "#server/access/index.ts";
import type { AuthServices, CallOrigin } from "#server/auth/services.ts";
import type { ConsoleSession } from "#server/auth/session.ts";
import { AppError } from "#server/core/errors.ts";
import type { LockIndex, MemberSubject } from "#server/incidents/policy.ts";
import { lockOnMember, type Lock } from "#server/incidents/policy.ts";

type Services = Pick<AuthServices, "locks" | "refusals">;

const subjectOf = ({
  memberId,
  role,
  permissions,
}: Pick<ConsoleSession, "memberId" | "role" | "permissions">): MemberSubject => ({
  memberId,
  role,
  // Who may lift a lock on everything keeps the console to do it from.
  manages: can(permissions, "incidents:manage"),
});

/** @throws AppError LOCKED for a session that is shut out; that is on record. `target`: what was called. */
export async function refuseLockedSession(
  services: Services,
  session: ConsoleSession,
  origin: CallOrigin,
  target: string,
): Promise<void> {
  const lock = services.locks.onMember(subjectOf(session));
  if (lock !== null) {
    await recordLocked(services, lock, session.memberId, origin, target);
    throw lockedOut(lock);
  }
}

/** The lock on a session; null = none. */
export const lockOnSession = ({ locks }: Pick<AuthServices, "locks">, session: ConsoleSession): Lock | null =>
  locks.onMember(subjectOf(session));

/** @throws AppError LOCKED */
export async function refuseLockedSignIn(
  services: Services & Pick<AuthServices, "db" | "policy">,
  memberId: string,
  origin: CallOrigin,
): Promise<void> {
  const member = await services.db.member.findUnique({ where: { id: memberId }, select: { roleName: true } });
  if (member !== null) {
    await refuseLockedMember(services, memberId, member.roleName, origin);
  }
}

/** The same for one whose role is known, who may not exist yet. @throws AppError LOCKED */
export async function refuseLockedMember(
  services: Services & Pick<AuthServices, "policy">,
  memberId: string,
  role: string,
  origin: CallOrigin,
): Promise<void> {
  const permissions = services.policy.current().roles.get(role)?.permissions ?? [];
  const lock = services.locks.onMember(subjectOf({ memberId, role, permissions }));
  if (lock !== null) {
    await recordLocked(services, lock, memberId, origin, "sign-in");
    throw lockedOut(lock);
  }
}

/** Has `cut` called once the session is shut out. @returns lets go. */
export function holdSession(
  { locks }: Pick<AuthServices, "locks">,
  session: ConsoleSession,
  cut: (why: AppError) => void,
): () => void {
  const subject = subjectOf(session);
  const lockOn = (index: LockIndex, nowMs: number): Lock | null => lockOnMember(index, subject, nowMs);
  return locks.hold("consoleStreams", lockOn, (lock) => cut(lockedOut(lock)));
}

const lockedOut = (lock: Lock): AppError => new AppError("LOCKED", lock.message);

const recordLocked = (
  { refusals }: Services,
  lock: Lock,
  memberId: string,
  { address, requestId }: CallOrigin,
  target: string,
): Promise<void> =>
  refusals.record(`locked|${lock.id}|member:${memberId}`, {
    event: "incident.refused",
    outcome: "denied",
    actor: { type: "member", id: memberId },
    address,
    requestId,
    target,
    reason: lock.kind,
    because: lock.id,
  });

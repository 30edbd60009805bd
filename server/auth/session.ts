/**
 * Console sessions. The cookie carries an opaque id and nothing else; the row decides, on every call, together with the member's row and the
 * policy in force, so an ended session, a disabled member and a changed role bite everywhere with the next request. Only a hash of the id is
 * stored: a leaked database opens no session.
 */
import { createHash } from "node:crypto";
import type { Actor } from "#server/audit/schema.ts";
import { rememberAddress } from "#server/auth/familiar.ts";
import { isFactorRequired, SESSION_ABSOLUTE_MS, SESSION_IDLE_MS, STEP_UP_MS } from "#server/auth/policy.ts";
import type { SessionMethod } from "#server/auth/schema.ts";
import type { AuthServices, CallOrigin } from "#server/auth/services.ts";
import type { Tx } from "#server/core/db/client.ts";
import { AppError } from "#server/core/errors.ts";
import { newSessionId, randomId } from "#server/core/ids.ts";

/** A live session: who acts and what they may do. */
export interface ConsoleSession {
  /** Names the session in lists; opens nothing. */
  id: string;
  actor: Actor;
  memberId: string;
  name: string;
  email: string;
  role: string;
  /** Of the role in the policy in force; none when it is not there any more. */
  permissions: readonly string[];
  /** `missing`: the role asks for a second factor and there is none yet; nothing but enrolling one is open. */
  secondFactor: "verified" | "missing";
  /** Whether a second factor was proven in this session. */
  factorProven: boolean;
  /** Until then dangerous actions need no further proof; null = not proven yet. */
  steppedUpUntil: Date | null;
  expiresAt: Date;
  /** When it ends if nobody uses it until then. */
  idleUntil: Date;
}

/** Who signs in, as read before the proof; a change since then ends the attempt. */
export interface SigningIn {
  id: string;
  authVersion: number;
}

export interface SessionProof {
  method: SessionMethod;
  /** Whether a second factor was proven. */
  factorProven: boolean;
}

/** Milliseconds between two updates of `last_seen_at`. */
const TOUCH_INTERVAL_MS = 30_000;
const USER_AGENT_MAX = 256;
/** Milliseconds after its end for which a session's row is kept. */
const KEPT_MS = 30 * 24 * 60 * 60_000;

export const sessionHash = (id: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(createHash("sha256").update(id).digest());

/** Starts a session as part of `tx`. @returns its id, which is the secret of the cookie, and its name in lists. */
export async function openSession(
  services: Pick<AuthServices, "sessionSeal" | "sessionSecret">,
  tx: Tx,
  member: SigningIn,
  { method, factorProven }: SessionProof,
  origin: CallOrigin,
  now: Date,
): Promise<{ id: string; publicId: string }> {
  const { sessionSeal } = services;
  const [id, publicId] = [newSessionId(), randomId("cse")];
  const idHash = sessionHash(id);
  const userAgent = origin.userAgent?.slice(0, USER_AGENT_MAX) ?? null;
  await tx.consoleSession.deleteMany({
    where: { memberId: member.id, expiresAt: { lt: new Date(now.getTime() - KEPT_MS) } },
  });
  await tx.consoleSession.create({
    data: {
      idHash,
      publicId,
      memberId: member.id,
      authVersion: member.authVersion,
      method,
      factorProven,
      steppedUpUntil: factorProven ? new Date(now.getTime() + STEP_UP_MS) : null,
      userAgent: userAgent === null ? null : sessionSeal.seal("user_agent", idHash, userAgent),
      address: sessionSeal.seal("address", idHash, origin.address),
      createdAt: now,
      lastSeenAt: now,
      expiresAt: new Date(now.getTime() + SESSION_ABSOLUTE_MS),
    },
  });
  await rememberAddress(tx, services, member.id, origin.address, now);
  return { id, publicId };
}

/**
 * The live session behind `id`, or null when it is unknown, ended, idle for too long, too old, or no longer the member's.
 * @param active whether a person caused this call; only then the idle time starts again.
 * @throws AppError("STORE_UNAVAILABLE") when the database cannot say; nobody is let in on a guess.
 */
export async function findSession(
  services: Pick<AuthServices, "db" | "clock" | "policy" | "mfaRoles">,
  id: string,
  { active }: { active: boolean },
): Promise<ConsoleSession | null> {
  const { db, clock, policy, mfaRoles } = services;
  const idHash = sessionHash(id);
  const now = clock.now();
  try {
    const row = await db.consoleSession.findUnique({
      where: { idHash },
      include: { member: { select: { email: true, name: true, roleName: true, authVersion: true, disabledAt: true } } },
    });
    if (
      row === null ||
      !isLive(row, now) ||
      row.member.disabledAt !== null ||
      row.member.authVersion !== row.authVersion
    ) {
      return null;
    }
    const isTouched = active && now - row.lastSeenAt.getTime() >= TOUCH_INTERVAL_MS;
    if (isTouched) {
      await db.consoleSession.updateMany({ where: { idHash, revokedAt: null }, data: { lastSeenAt: new Date(now) } });
    }
    const { email, name, roleName } = row.member;
    return {
      id: row.publicId,
      actor: { type: "member", id: row.memberId },
      memberId: row.memberId,
      name,
      email,
      role: roleName,
      permissions: policy.current().roles.get(roleName)?.permissions ?? [],
      secondFactor: !row.factorProven && isFactorRequired(mfaRoles(), roleName) ? "missing" : "verified",
      factorProven: row.factorProven,
      steppedUpUntil: row.steppedUpUntil,
      expiresAt: row.expiresAt,
      idleUntil: new Date((isTouched ? now : row.lastSeenAt.getTime()) + SESSION_IDLE_MS),
    };
  } catch (cause) {
    throw new AppError(
      "STORE_UNAVAILABLE",
      "The database does not answer. Check that PostgreSQL runs, then try again.",
      { cause },
    );
  }
}

/** Whether the row as such is of a session that goes on. */
function isLive(row: { revokedAt: Date | null; expiresAt: Date; lastSeenAt: Date }, now: number): boolean {
  return row.revokedAt === null && row.expiresAt.getTime() > now && now - row.lastSeenAt.getTime() < SESSION_IDLE_MS;
}

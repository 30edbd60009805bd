/**
 * Console sessions. The cookie carries an opaque id and nothing else; the row decides, on every call, so an ended session is dead everywhere
 * with the next request. Only a hash of the id is stored: a leaked database opens no session.
 */
import { createHash } from "node:crypto";
import { recordEvents } from "#server/audit/index.ts";
import type { Actor, AuditEventInput } from "#server/audit/schema.ts";
import { SESSION_ABSOLUTE_MS, SESSION_IDLE_MS } from "#server/auth/policy.ts";
import type { AuthServices, CallOrigin } from "#server/auth/services.ts";
import type { SessionSeal } from "#server/auth/session-seal.ts";
import type { Tx } from "#server/core/db/client.ts";
import { withTx } from "#server/core/db/with-tx.ts";
import { AppError, isAppError } from "#server/core/errors.ts";
import { newSessionId } from "#server/core/ids.ts";

/** A live session: who acts and what they may do. */
export interface ConsoleSession {
  /** Names the session in lists; opens nothing. */
  id: string;
  actor: Actor;
  /** Null for the operator who opened a set-up link. */
  memberId: string | null;
  name: string;
  /** Null for the operator, who is bound to none. */
  role: string | null;
  permissions: readonly string[];
  /** `missing`: the role asks for a second factor and there is none yet; nothing but enrolling one is open. */
  secondFactor: "verified" | "missing";
  /** Until then dangerous actions need no further proof; null = not proven yet. */
  steppedUpUntil: Date | null;
  expiresAt: Date;
}

/** Milliseconds between two updates of `last_seen_at`. */
const TOUCH_INTERVAL_MS = 30_000;
const USER_AGENT_MAX = 256;

/** Starts a session as part of `tx` and returns its id, the secret of the cookie. */
export async function openSession(
  { sessionSeal }: Pick<AuthServices, "sessionSeal">,
  tx: Tx,
  subject: string,
  origin: CallOrigin,
  now: Date,
): Promise<string> {
  const id = newSessionId();
  const idHash = hashOf(id);
  const userAgent = origin.userAgent?.slice(0, USER_AGENT_MAX) ?? null;
  await tx.consoleSession.create({
    data: {
      idHash,
      subject,
      userAgent: userAgent === null ? null : sessionSeal.seal("user_agent", idHash, userAgent),
      address: sessionSeal.seal("address", idHash, origin.address),
      createdAt: now,
      lastSeenAt: now,
      expiresAt: new Date(now.getTime() + SESSION_ABSOLUTE_MS),
    },
  });
  return id;
}

/**
 * The live session behind `id`, or null when it is unknown, ended, idle for too long or too old.
 * @param active whether a person caused this call; only then the idle time starts again.
 * @throws AppError("STORE_UNAVAILABLE") when the database cannot say; nobody is let in on a guess.
 */
export async function findSession(
  { db, clock }: Pick<AuthServices, "db" | "clock">,
  id: string,
  { active }: { active: boolean },
): Promise<ConsoleSession | null> {
  const idHash = hashOf(id);
  const now = clock.now();
  try {
    const row = await db.consoleSession.findUnique({ where: { idHash } });
    if (row === null || row.revokedAt !== null || row.expiresAt.getTime() <= now) {
      return null;
    }
    const idleMs = now - row.lastSeenAt.getTime();
    if (idleMs >= SESSION_IDLE_MS) {
      return null;
    }
    if (active && idleMs >= TOUCH_INTERVAL_MS) {
      await db.consoleSession.updateMany({ where: { idHash, revokedAt: null }, data: { lastSeenAt: new Date(now) } });
    }
    // Until members exist, whoever opened a set-up link is the operator and may do everything.
    return {
      id: Buffer.from(idHash).toString("hex").slice(0, 20),
      actor: { type: "operator", id: row.subject },
      memberId: null,
      name: row.subject,
      role: null,
      permissions: ["*"],
      secondFactor: "verified",
      steppedUpUntil: row.expiresAt,
      expiresAt: row.expiresAt,
    };
  } catch (cause) {
    throw new AppError(
      "STORE_UNAVAILABLE",
      "The database does not answer. Check that PostgreSQL runs, then try again.",
      { cause },
    );
  }
}

/** Ends the session and records it; ending one that is already over changes and records nothing. */
export async function endSession(
  { db, clock, sessionSeal }: Pick<AuthServices, "db" | "clock" | "sessionSeal">,
  id: string,
): Promise<void> {
  const idHash = hashOf(id);
  await withTx(db, async (tx) => {
    const ended = await tx.consoleSession.updateManyAndReturn({
      where: { idHash, revokedAt: null },
      data: { revokedAt: new Date(clock.now()) },
      select: { subject: true, address: true },
    });
    await recordEvents(
      tx,
      ended.flatMap(({ subject, address }) => {
        const actor: Actor = { type: "operator", id: subject };
        const from = address === null ? undefined : addressOf(sessionSeal, idHash, address);
        return [
          {
            event: "auth.console_session_ended",
            outcome: "ok",
            actor,
            address: from ?? undefined,
            reason: "signed_out",
          },
          ...(from === null ? [unreadableAddress(actor)] : []),
        ] satisfies AuditEventInput[];
      }),
    );
  });
}

/** Null when it was changed in the database: that is on record, and keeps nobody from signing out. */
function addressOf(sessionSeal: SessionSeal, idHash: Uint8Array, stored: string): string | null {
  try {
    return sessionSeal.open("address", idHash, stored);
  } catch (error) {
    if (isAppError(error) && error.code === "CANNOT_DECRYPT") {
      return null;
    }
    throw error;
  }
}

const unreadableAddress = (actor: Actor): AuditEventInput => ({
  event: "data.unreadable",
  outcome: "failed",
  actor,
  reason: "cannot_decrypt",
  data: { column: "console_session.address" },
});

const hashOf = (id: string): Uint8Array<ArrayBuffer> => new Uint8Array(createHash("sha256").update(id).digest());

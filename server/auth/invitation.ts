/**
 * One-time links: the set-up link that makes the first administrator, invitations of further members, and links that set a new password.
 * Threats: a leaked database (only a hash is stored), a leaked log or Referer (the code travels in the URL's fragment), a second use, a race of
 * many uses, and telling a guesser why a code failed.
 */
import { createHash, randomBytes } from "node:crypto";
import { recordEvents } from "#server/audit/index.ts";
import type { Actor } from "#server/audit/schema.ts";
import type { Db, Tx } from "#server/core/db/client.ts";
import { withTx } from "#server/core/db/with-tx.ts";
import { AppError } from "#server/core/errors.ts";
import { randomId } from "#server/core/ids.ts";

/** Whoever holds the machine or a set-up link. */
const OPERATOR: Actor = { type: "operator", id: "operator" };
/** The role of the first member. */
const FIRST_ROLE = "admin";

const SETUP_TTL_MS = 30 * 60_000;
const INVITATION_TTL_MS = 72 * 60 * 60_000;

export interface NewLink {
  id: string;
  /** Returned once and cannot be read again; the link is `<origin>/setup#<code>`. */
  code: string;
  expiresAt: Date;
}

interface MintOptions {
  /** Milliseconds since the Unix epoch. */
  now: number;
  /** Milliseconds the link can be used; default 30 minutes. */
  ttlMs?: number;
}

/**
 * Makes a set-up link and voids every unused older one.
 * @throws AppError("CONFLICT") as soon as there is a member: from then on members make members.
 */
export async function mintSetupLink({ db }: { db: Db }, { now, ttlMs = SETUP_TTL_MS }: MintOptions): Promise<NewLink> {
  const link = newLink(now, ttlMs);
  await withTx(db, async (tx) => {
    await lockMembers(tx);
    if (await hasMembers(tx)) {
      throw new AppError(
        "CONFLICT",
        "The console has members already: sign in as one. For a further administrator: openclaw admin create --email <address>. After a lost password: openclaw admin reset-password <address>.",
      );
    }
    await tx.invitation.updateMany({
      where: { email: null, ...isOpen(new Date(now)) },
      data: { revokedAt: new Date(now) },
    });
    await tx.invitation.create({ data: { ...rowOf(link, now), roleName: FIRST_ROLE, createdBy: OPERATOR.id } });
    await recordEvents(tx, [
      {
        event: "auth.console_link_created",
        outcome: "ok",
        actor: OPERATOR,
        target: link.id,
        data: { expiresAt: link.expiresAt.toISOString() },
      },
    ]);
  });
  return link;
}

interface Invited {
  email: string;
  name: string | null;
  role: string;
  /** The member whose password it sets; null = it makes a member. */
  memberId: string | null;
}

/** Makes an invitation as part of `tx`, and voids the open ones for the same address. */
export async function addInvitation(tx: Tx, invited: Invited, actor: Actor, link: NewLink, now: Date): Promise<void> {
  const { email, name, role, memberId } = invited;
  await tx.invitation.updateMany({ where: { email, ...isOpen(now) }, data: { revokedAt: now } });
  await tx.invitation.create({
    data: { ...rowOf(link, now.getTime()), email, name, roleName: role, memberId, createdBy: actor.id },
  });
}

/** A link that is not stored yet. Made before a transaction begins. */
export function newLink(now: number, ttlMs = INVITATION_TTL_MS): NewLink {
  return { id: randomId("inv"), code: randomBytes(32).toString("base64url"), expiresAt: new Date(now + ttlMs) };
}

export type Invitation = Awaited<ReturnType<typeof findInvitation>>;

/** The invitation that can still be used; null when the code is wrong, expired, used or revoked (deliberately not told apart). */
export const findInvitation = (db: Db | Tx, code: string, now: Date) =>
  db.invitation.findFirst({ where: { codeHash: hashOf(code), ...isOpen(now) } });

/** Uses it up as part of `tx`. Of any number of parallel uses exactly one gets true: the row's lock makes the others see it used. */
export async function consumeInvitation(tx: Tx, id: string, now: Date): Promise<boolean> {
  const { count } = await tx.invitation.updateMany({ where: { id, ...isOpen(now) }, data: { usedAt: now } });
  return count === 1;
}

/** Rows that can still be used at that time. */
export const isOpen = (now: Date) => ({ usedAt: null, revokedAt: null, expiresAt: { gt: now } });

/** Whether anybody has ever become a member. */
export const hasMembers = async (db: Db | Tx): Promise<boolean> =>
  (await db.member.findFirst({ select: { id: true } })) !== null;

/** Changes that depend on who else is a member happen one at a time. Held until `tx` ends. */
export async function lockMembers(tx: Tx): Promise<void> {
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended('console-members', 0))`;
}

const rowOf = ({ id, code, expiresAt }: NewLink, now: number) => ({
  id,
  codeHash: hashOf(code),
  createdAt: new Date(now),
  expiresAt,
});

// 32 random bytes need no slow hash: there is nothing to guess. `Bytes` columns want a plain Uint8Array.
const hashOf = (code: string): Uint8Array<ArrayBuffer> => new Uint8Array(createHash("sha256").update(code).digest());

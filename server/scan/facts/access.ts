/** Roles, users, tokens, members and senders as the database has them. */
import type { Pool } from "pg";
import type { readPolicy } from "#server/access/index.ts";
import type { Db } from "#server/core/db/client.ts";
import { accessFindings, readAccessFacts } from "#server/permissions/index.ts";
import type { AccessState, MemberState, SenderState, TokenFact } from "#server/scan/facts/sources.ts";

/** More than these are not looked at one by one. */
const MAX_ROWS = 20_000;

const TOKEN = {
  id: true,
  name: true,
  ownerId: true,
  roleName: true,
  scopes: true,
  channels: true,
  allowedIps: true,
  createdAt: true,
  expiresAt: true,
  lastUsedAt: true,
  supersededAt: true,
  revokedAt: true,
} as const;

/** A token's last use is written up to half a minute late. */
const USE_SLACK = "5 minutes";

export async function accessState(
  db: Db,
  pool: Pool,
  configured: Parameters<typeof readPolicy>[1],
  now: Date,
): Promise<AccessState> {
  const [facts, rows, ended] = await Promise.all([
    readAccessFacts(db, pool, configured, now),
    db.token.findMany({
      where: { revokedAt: null, OR: [{ expiresAt: null }, { expiresAt: { gt: now } }] },
      select: TOKEN,
      orderBy: { createdAt: "asc" },
      take: MAX_ROWS,
    }),
    pool.query<{ id: string }>(
      `SELECT id FROM token WHERE last_used_at > least(coalesce(revoked_at, 'infinity'), coalesce(expires_at, 'infinity')) + interval '${USE_SLACK}'
        AND (revoked_at IS NOT NULL OR expires_at < $1) ORDER BY id LIMIT 100`,
      [now],
    ),
  ]);
  const ids = ended.rows.map(({ id }) => id);
  const after = ids.length === 0 ? [] : await db.token.findMany({ where: { id: { in: ids } }, select: TOKEN });
  return {
    policy: facts.policy,
    builtIn: facts.builtIn,
    live: rows.map(tokenFact),
    usedAfterEnd: after.map(tokenFact),
    findings: accessFindings(facts, now),
  };
}

type TokenRow = Omit<TokenFact, "owner" | "role"> & { ownerId: string; roleName: string };

const tokenFact = ({ ownerId, roleName, ...row }: TokenRow): TokenFact => ({ ...row, owner: ownerId, role: roleName });

export async function memberState(db: Db, now: Date): Promise<MemberState> {
  const [members, invitations] = await Promise.all([
    db.member.findMany({
      select: {
        email: true,
        roleName: true,
        totpSecret: true,
        createdAt: true,
        lastSignInAt: true,
        disabledAt: true,
        _count: {
          select: {
            passkeys: true,
            recoveryCodes: { where: { usedAt: null } },
            sessions: { where: { revokedAt: null, expiresAt: { gt: now } } },
          },
        },
      },
      orderBy: { email: "asc" },
      take: MAX_ROWS,
    }),
    db.invitation.findMany({
      where: { usedAt: null, revokedAt: null, expiresAt: { gt: now }, memberId: null },
      select: { id: true, email: true, roleName: true, createdAt: true, expiresAt: true },
      orderBy: { createdAt: "asc" },
      take: MAX_ROWS,
    }),
  ]);
  return {
    members: members.map(({ roleName, totpSecret, disabledAt, _count, ...member }) => ({
      ...member,
      role: roleName,
      factor: totpSecret !== null || _count.passkeys > 0,
      recoveryCodes: _count.recoveryCodes,
      disabled: disabledAt !== null,
      liveSessions: _count.sessions,
    })),
    invitations: invitations.map(({ roleName, ...invitation }) => ({ ...invitation, role: roleName })),
  };
}

export async function senderState(db: Db, now: Date): Promise<SenderState> {
  const [connections, pendingPairings, identities] = await Promise.all([
    db.channelConnection.findMany({ select: { channel: true, type: true, settings: true } }),
    db.pairingRequest.count({ where: { outcome: null, expiresAt: { gt: now } } }),
    db.channelIdentity.findMany({ select: { channel: true, senderId: true, userId: true }, take: MAX_ROWS }),
  ]);
  return {
    connections: connections.map(({ channel, type, settings }) => ({
      channel,
      type,
      settings: typeof settings === "object" && settings !== null && !Array.isArray(settings) ? settings : {},
    })),
    pendingPairings,
    identities,
  };
}

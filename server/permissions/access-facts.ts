/** Roles, users and live tokens as they are in force. */
import type { Pool } from "pg";
import { readPolicy } from "#server/access/index.ts";
import type { PolicySnapshot } from "#server/access/schema.ts";
import type { Db } from "#server/core/db/client.ts";
import type { AccessFacts } from "#server/permissions/access-policy.ts";

/** More than these are not looked at. */
const MAX_TOKENS = 100_000;

export async function readAccessFacts(
  db: Db,
  pool: Pool,
  configured: Parameters<typeof readPolicy>[1],
  now: Date,
): Promise<AccessFacts & { policy: PolicySnapshot }> {
  const [policy, builtIn, rows] = await Promise.all([
    readPolicy(pool, configured),
    db.role.findMany({ where: { builtin: true }, select: { name: true } }),
    db.token.findMany({
      where: { revokedAt: null, OR: [{ expiresAt: null }, { expiresAt: { gt: now } }] },
      select: { id: true, name: true, roleName: true, createdAt: true, expiresAt: true, lastUsedAt: true },
      orderBy: { createdAt: "asc" },
      take: MAX_TOKENS,
    }),
  ]);
  return {
    policy,
    builtIn: new Set(builtIn.map(({ name }) => name)),
    tokens: rows.map(({ roleName, ...token }) => ({ ...token, role: roleName })),
  };
}

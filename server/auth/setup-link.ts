/**
 * The one-time link that opens the console. Threats: a leaked database (only a hash is stored), a leaked log or Referer (the code travels
 * in the URL's fragment), a second use, a race of many uses, and telling a guesser why a code failed.
 */
import { createHash, randomBytes } from "node:crypto";
import { recordEvents } from "#server/audit/index.ts";
import type { Actor } from "#server/audit/schema.ts";
import type { Db, Tx } from "#server/core/db/client.ts";
import { withTx } from "#server/core/db/with-tx.ts";
import { randomId } from "#server/core/ids.ts";

/** Whoever holds the machine or a set-up link. */
export const OPERATOR: Actor = { type: "operator", id: "operator" };

const DEFAULT_TTL_MS = 30 * 60_000;

interface MintOptions {
  /** Milliseconds since the Unix epoch. */
  now: number;
  /** Milliseconds the link can be used; default 30 minutes. */
  ttlMs?: number;
}

/**
 * Makes a new link and voids every unused older one. The code is returned once and cannot be read again;
 * the link is `<origin>/setup#<code>`.
 */
export async function mintSetupLink(
  deps: { db: Db },
  { now, ttlMs = DEFAULT_TTL_MS }: MintOptions,
): Promise<{ code: string; expiresAt: Date }> {
  const code = randomBytes(32).toString("base64url");
  const [id, codeHash] = [randomId("lnk"), hashOf(code)];
  const [at, expiresAt] = [new Date(now), new Date(now + ttlMs)];
  await withTx(deps.db, async (tx) => {
    await tx.setupLink.updateMany({ where: { usedAt: null, expiresAt: { gt: at } }, data: { expiresAt: at } });
    await tx.setupLink.create({ data: { id, codeHash, createdAt: at, expiresAt } });
    await recordEvents(tx, [
      {
        event: "auth.console_link_created",
        outcome: "ok",
        actor: OPERATOR,
        target: id,
        data: { expiresAt: expiresAt.toISOString() },
      },
    ]);
  });
  return { code, expiresAt };
}

/**
 * Uses up the link as part of `tx`; returns its id, or null when the code is wrong, expired or used (deliberately not told apart).
 * Of any number of parallel uses exactly one gets the id: the row's lock makes the others see it used.
 */
export async function consumeSetupLink(tx: Tx, code: string, now: Date): Promise<string | null> {
  const rows = await tx.setupLink.updateManyAndReturn({
    where: { codeHash: hashOf(code), usedAt: null, expiresAt: { gt: now } },
    data: { usedAt: now },
    select: { id: true },
  });
  return rows[0]?.id ?? null;
}

// 32 random bytes need no slow hash: there is nothing to guess. `Bytes` columns want a plain Uint8Array.
const hashOf = (code: string): Uint8Array<ArrayBuffer> => new Uint8Array(createHash("sha256").update(code).digest());

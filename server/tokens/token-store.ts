/**
 * Tokens in memory, so that authenticating a request reads no database. Changes arrive by notification within milliseconds;
 * after a lost connection everything is read again before the old view could matter.
 */
import type { Pool } from "pg";
import type { Clock } from "#server/core/clock.ts";
import { sameBytes } from "#server/core/crypto/same-bytes.ts";
import type { NotifyHub } from "#server/core/db/notify.ts";
import { parseAddressList, type AddressList } from "#server/core/http/address.ts";
import type { Logger } from "#server/core/log.ts";
import { tokenState } from "#server/tokens/policy.ts";
import type { Pepper } from "#server/tokens/pepper.ts";
import { hashToken, tokenIdOf } from "#server/tokens/secret.ts";

interface LiveToken {
  id: string;
  name: string;
  roleName: string;
  userId: string | null;
  scopes: string[];
  channels: string[];
  allowedIps: AddressList | null;
  expiresAt: Date | null;
  revokedAt: Date | null;
  pepperId: string;
  secretHash: Buffer;
}

type TokenRejection = "malformed" | "unknown" | "wrong_secret" | "revoked" | "expired" | "address_not_allowed";
type TokenCheck = { ok: true; token: LiveToken } | { ok: false; reason: TokenRejection; tokenId: string | null };

export interface TokenStore {
  /** Takes the same work for a wrong secret as for an unknown id. */
  check(text: string, address: string): TokenCheck;
  /** Notes a use for the list of tokens; written in bulk every few seconds. */
  touch(tokenId: string, address: string): void;
  close(): Promise<void>;
}

interface TokenRow {
  id: string;
  name: string;
  role_name: string;
  user_id: string | null;
  scopes: string[];
  channels: string[];
  allowed_ips: string[];
  expires_at: Date | null;
  revoked_at: Date | null;
  pepper_id: string;
  secret_hash: Buffer;
}

const COLUMNS =
  "id, name, role_name, user_id, scopes, channels, allowed_ips, expires_at, revoked_at, pepper_id, secret_hash";
const NO_HASH = Buffer.alloc(32);
const TOUCH_FLUSH_MS = 5_000;
/** `last_used_at` of one token is written at most this often. */
const TOUCH_INTERVAL_MS = 30_000;

export interface TokenStoreDeps {
  pool: Pool;
  notify: NotifyHub;
  pepper: Pepper;
  clock: Clock;
  log: Logger;
}

export async function openTokenStore(deps: TokenStoreDeps): Promise<TokenStore> {
  const tokens = new Map<string, LiveToken>();
  const touches = new Map<string, { at: number; address: string; written: number }>();

  async function loadAll(): Promise<void> {
    const { rows } = await deps.pool.query<TokenRow>(`SELECT ${COLUMNS} FROM token`);
    tokens.clear();
    for (const row of rows) {
      tokens.set(row.id, toLiveToken(row));
    }
  }

  async function loadOne(id: string): Promise<void> {
    const { rows } = await deps.pool.query<TokenRow>(`SELECT ${COLUMNS} FROM token WHERE id = $1`, [id]);
    const [row] = rows;
    if (row === undefined) {
      tokens.delete(id);
    } else {
      tokens.set(id, toLiveToken(row));
    }
  }

  /** A change that cannot be read leaves the old view in place, which could admit a revoked token: drop it instead. */
  function refresh(id: string): void {
    loadOne(id).catch((error: unknown) => {
      tokens.delete(id);
      deps.log.error(
        { err: error, tokenId: id },
        "token changed but could not be read: refusing it until the database answers",
      );
      void reloadUntilDone();
    });
  }

  let reloading: Promise<void> | null = null;
  function reloadUntilDone(): Promise<void> {
    reloading ??= (async () => {
      for (;;) {
        try {
          await loadAll();
          return;
        } catch (error) {
          deps.log.warn({ err: error }, "tokens: database not answering, trying again");
          await new Promise((resolve) => setTimeout(resolve, 500).unref());
        }
      }
    })().finally(() => {
      reloading = null;
    });
    return reloading;
  }

  async function flushTouches(): Promise<void> {
    const due = [...touches].filter(([, use]) => use.at > use.written && use.at - use.written >= TOUCH_INTERVAL_MS);
    if (due.length === 0) {
      return;
    }
    await deps.pool.query(
      `UPDATE token SET last_used_at = u.at, last_used_address = u.address
         FROM unnest($1::text[], $2::timestamptz[], $3::text[]) AS u(id, at, address) WHERE token.id = u.id`,
      [due.map(([id]) => id), due.map(([, use]) => new Date(use.at)), due.map(([, use]) => use.address)],
    );
    for (const [, use] of due) {
      use.written = use.at;
    }
  }

  const unlisten = await deps.notify.listen("openclaw_policy", (payload) => {
    const change = parseChange(payload);
    if (change?.table === "token") {
      refresh(change.id);
    }
  });
  deps.notify.onReconnect(() => void reloadUntilDone());
  await loadAll();
  const timer = setInterval(() => {
    flushTouches().catch((error: unknown) =>
      deps.log.warn({ err: error }, "tokens: last use not written, will try again"),
    );
  }, TOUCH_FLUSH_MS);
  timer.unref();

  return {
    check(text, address) {
      const id = tokenIdOf(text);
      const token = id === null ? undefined : tokens.get(id);
      const matches = sameBytes(hashToken(deps.pepper.key, text), token?.secretHash ?? NO_HASH);
      if (id === null) {
        return { ok: false, reason: "malformed", tokenId: null };
      }
      if (token === undefined || !matches || token.pepperId !== deps.pepper.id) {
        return { ok: false, reason: token === undefined ? "unknown" : "wrong_secret", tokenId: id };
      }
      const state = tokenState(token, deps.clock.now());
      if (state !== "active") {
        return { ok: false, reason: state, tokenId: id };
      }
      if (token.allowedIps !== null && !token.allowedIps.includes(address)) {
        return { ok: false, reason: "address_not_allowed", tokenId: id };
      }
      return { ok: true, token };
    },
    touch(tokenId, address) {
      const use = touches.get(tokenId);
      if (use === undefined) {
        touches.set(tokenId, { at: deps.clock.now(), address, written: 0 });
      } else {
        use.at = deps.clock.now();
        use.address = address;
      }
    },
    async close() {
      clearInterval(timer);
      unlisten();
      await flushTouches().catch(() => undefined);
    },
  };
}

function toLiveToken(row: TokenRow): LiveToken {
  return {
    id: row.id,
    name: row.name,
    roleName: row.role_name,
    userId: row.user_id,
    scopes: row.scopes,
    channels: row.channels,
    allowedIps: row.allowed_ips.length === 0 ? null : parseAddressList(row.allowed_ips),
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at,
    pepperId: row.pepper_id,
    secretHash: row.secret_hash,
  };
}

function parseChange(payload: string): { table: string; id: string } | null {
  try {
    const value: unknown = JSON.parse(payload);
    if (typeof value === "object" && value !== null && "table" in value && "id" in value) {
      return { table: String(value.table), id: String(value.id) };
    }
  } catch {
    // A payload that is not ours changes nothing.
  }
  return null;
}

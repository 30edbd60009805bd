/** The gate: is this text a token that works here and now? Answers from memory, so that a request reads no database. */
import type { Pool } from "pg";
import type { Clock } from "#server/core/clock.ts";
import { sameBytes } from "#server/core/crypto/same-bytes.ts";
import type { NotifyHub } from "#server/core/db/notify.ts";
import { parseAddressList, type AddressList } from "#server/core/http/address.ts";
import type { Logger } from "#server/core/log.ts";
import type { Pepper } from "#server/tokens/pepper.ts";
import { isUsable, tokenState } from "#server/tokens/policy.ts";
import type { TokenState } from "#server/tokens/schema.ts";
import { hashToken, tokenIdOf } from "#server/tokens/secret.ts";
import { openTokenUses } from "#server/tokens/token-uses.ts";
import { openTokenView, type StoredToken, type TokenListener } from "#server/tokens/token-view.ts";

type LiveToken = Readonly<StoredToken>;
type TokenRejection = "malformed" | "unknown" | "wrong_secret" | "revoked" | "expired" | "address_not_allowed";
interface Rejected {
  ok: false;
  reason: TokenRejection;
  tokenId: string | null;
}
type TokenCheck = { ok: true; token: LiveToken } | Rejected;
/** `superseded`: the right secret of a token that was replaced, also when its grace is over. */
type TokenExchangeCheck = { ok: true; token: LiveToken; state: "live" | "superseded" } | Rejected;

export interface TokenStore {
  /** Takes the same work whatever is wrong with the token. */
  check(text: string, address: string): TokenCheck;
  /** For requests that exchange a token: lets one through that was replaced, so that its reuse can be told from a wrong token. */
  checkForExchange(text: string, address: string): TokenExchangeCheck;
  /** The token as it is known here, in any state. */
  get(tokenId: string): LiveToken | undefined;
  /** True while the token works from that address: for connections that stay open. */
  isLive(tokenId: string, address: string): boolean;
  /** Calls `listener` after the view in memory has changed: with a token's id, or null when any may have. Returns the unsubscriber. */
  onChange(listener: TokenListener): () => void;
  /** Notes a use for the list of tokens; written in bulk every few seconds. */
  touch(tokenId: string, address: string): void;
  close(): Promise<void>;
}

/** Stands for a token that does not exist. */
const NO_TOKEN = { secretHash: Buffer.alloc(32), expiresAt: new Date(0), revokedAt: null, supersededAt: null };

export interface TokenStoreDeps {
  pool: Pool;
  notify: NotifyHub;
  pepper: Pepper;
  clock: Clock;
  log: Logger;
}

export async function openTokenStore(deps: TokenStoreDeps): Promise<TokenStore> {
  const view = await openTokenView(deps);
  const uses = openTokenUses(deps);
  const admits = addressGate(deps.log);

  /**
   * The token whose secret this is, and its state. Hash and state are worked out for any text before either is looked at, so that the time
   * taken does not tell what is wrong.
   */
  function recognise(text: string): { ok: true; token: LiveToken; state: TokenState } | Rejected {
    const id = tokenIdOf(text);
    const token = id === null ? undefined : view.get(id);
    const state = tokenState(token ?? NO_TOKEN, deps.clock.now());
    const matches = sameBytes(hashToken(deps.pepper.key, text), (token ?? NO_TOKEN).secretHash);
    if (id === null) {
      return { ok: false, reason: "malformed", tokenId: null };
    }
    if (token === undefined || !matches || token.pepperId !== deps.pepper.id) {
      return { ok: false, reason: token === undefined ? "unknown" : "wrong_secret", tokenId: id };
    }
    return { ok: true, token, state };
  }

  return {
    check(text, address) {
      const found = recognise(text);
      if (!found.ok) {
        return found;
      }
      const { token, state } = found;
      if (state === "revoked" || state === "expired") {
        return { ok: false, reason: state, tokenId: token.id };
      }
      return admits(token, address)
        ? { ok: true, token }
        : { ok: false, reason: "address_not_allowed", tokenId: token.id };
    },
    checkForExchange(text, address) {
      const found = recognise(text);
      if (!found.ok) {
        return found;
      }
      const { token, state } = found;
      if (state === "revoked" || (state === "expired" && token.supersededAt === null)) {
        return { ok: false, reason: state, tokenId: token.id };
      }
      return admits(token, address)
        ? { ok: true, token, state: token.supersededAt === null ? "live" : "superseded" }
        : { ok: false, reason: "address_not_allowed", tokenId: token.id };
    },
    get: (tokenId) => view.get(tokenId),
    isLive(tokenId, address) {
      const token = view.get(tokenId);
      return token !== undefined && isUsable(tokenState(token, deps.clock.now())) && admits(token, address);
    },
    onChange: (listener) => view.onChange(listener),
    touch: (tokenId, address) => uses.note(tokenId, address),
    async close() {
      view.close();
      await uses.close();
    },
  };
}

/** Lists are parsed when first asked, and kept as long as their token is: a hundred thousand at once would take seconds. */
function addressGate(log: Logger): (token: LiveToken, address: string) => boolean {
  const lists = new WeakMap<readonly string[], AddressList>();
  return ({ id, allowedIps }, address) => {
    if (allowedIps.length === 0) {
      return true;
    }
    let list = lists.get(allowedIps);
    if (list === undefined) {
      list = parseStored(id, allowedIps, log);
      lists.set(allowedIps, list);
    }
    return list.includes(address);
  };
}

/** A stored list that cannot be read admits nobody. */
function parseStored(tokenId: string, allowedIps: readonly string[], log: Logger): AddressList {
  try {
    return parseAddressList(allowedIps);
  } catch (error) {
    log.error({ err: error, tokenId }, "tokens: the allowed addresses of this token cannot be read; it is refused");
    return { includes: () => false };
  }
}

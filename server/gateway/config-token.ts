/**
 * The one token written in the configuration (`gateway.token`). It is compared by digest, so that neither its length nor its content shows in
 * the time taken. Former ones are remembered, also only as digests: a client that was not told of the change yet is no guesser, and must not
 * hold up those that were.
 */
import { createHash } from "node:crypto";
import type { ConfigStore, LoadedConfig } from "#server/config/index.ts";
import { sameBytes } from "#server/core/crypto/same-bytes.ts";

export interface ConfigToken {
  /** Where the presented text stands; "none" also when no token is configured. */
  compare(presented: string): "current" | "former" | "none";
  /** The name under which failed attempts at the current token are counted; null when none is configured. Changes with the token. */
  account(): string | null;
}

const REMEMBERED = 5;

const digestOf = (text: string): Buffer => createHash("sha256").update(text).digest();

/** Follows the configuration. */
export function createConfigToken(config: Pick<ConfigStore, "current" | "secret" | "subscribe">): ConfigToken {
  let current = currentDigest(config, config.current());
  let former: Buffer[] = [];
  config.subscribe((loaded) => {
    const next = currentDigest(config, loaded);
    if (current !== null && (next === null || !next.equals(current))) {
      former = [current, ...former].filter((digest) => next === null || !digest.equals(next)).slice(0, REMEMBERED);
    }
    current = next;
  });

  return {
    compare(presented) {
      if (current === null && former.length === 0) {
        return "none";
      }
      const digest = digestOf(presented);
      if (current !== null && sameBytes(digest, current)) {
        return "current";
      }
      return former.some((known) => sameBytes(digest, known)) ? "former" : "none";
    },
    account: () => (current === null ? null : `gateway.token#${current.toString("hex", 0, 4)}`),
  };
}

function currentDigest(store: Pick<ConfigStore, "secret">, { config }: LoadedConfig): Buffer | null {
  const { token } = config.gateway;
  return token === undefined ? null : digestOf(store.secret("gateway.token", token));
}

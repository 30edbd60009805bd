/** A request over a live connection is judged by the credential as it stands then, not as it stood when the connection was opened. */
import type { Principal } from "#server/access/schema.ts";
import { SURFACES } from "#server/auth/index.ts";
import type { Call } from "#server/gateway/exchange.ts";
import { principalOf } from "#server/gateway/identify.ts";
import { refuseLocked } from "#server/gateway/locks.ts";
import { Refusal } from "#server/gateway/refusal.ts";
import type { GatewayServices } from "#server/gateway/services.ts";

/**
 * @param principal identified just now
 * @returns who asks, at the time of the call; it notes a use like that of any request and throws Refusal UNAUTHENTICATED after the credential's end, LOCKED while it is shut out.
 */
export function lastingCredential(services: GatewayServices, { address }: Call, principal: Principal): () => Principal {
  const { configToken, tokens } = services;
  const { tokenId } = principal;
  const account = configToken.account();
  return () => {
    if (tokenId === null && configToken.account() === account) {
      refuseLocked(services, principal);
      return principal;
    }
    const token = tokenId !== null && tokens.isLive(tokenId, address) ? tokens.get(tokenId) : undefined;
    if (token === undefined) {
      throw new Refusal("UNAUTHENTICATED", "The token of this connection has ended. Connect again with a valid one.", {
        event: SURFACES.websocket.rejected,
        reason: "ended",
        tokenId: tokenId ?? undefined,
      });
    }
    const current = principalOf(token);
    refuseLocked(services, current);
    tokens.touch(token.id, address);
    return current;
  };
}

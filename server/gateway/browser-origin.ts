/** Step 1 of every API call that a browser could have been talked into: no other site's page, and no other name for this server. */
import { checkApiOrigin } from "#server/core/http/web-origin.ts";
import type { Incoming } from "#server/gateway/exchange.ts";
import { Refusal } from "#server/gateway/refusal.ts";
import type { GatewayServices } from "#server/gateway/services.ts";

const REFUSALS = {
  host: {
    code: "WRONG_HOST",
    message:
      "This Host name is not one of the gateway's. Use the address it printed, or list this one in gateway.allowedOrigins.",
  },
  origin: {
    code: "FORBIDDEN",
    message: "Pages of other sites may not use this API. List their origin in gateway.allowedOrigins if they should.",
  },
} as const;

/** @throws Refusal FORBIDDEN or WRONG_HOST */
export function refuseForeignOrigin(services: GatewayServices, incoming: Pick<Incoming, "header" | "address">): void {
  const verdict = checkApiOrigin((name) => incoming.header(name), services.web);
  if (!verdict.ok) {
    const { code, message } = REFUSALS[verdict.reason];
    throw new Refusal(
      code,
      message,
      {
        event: "network.origin_refused",
        reason: `foreign_${verdict.reason}`,
        data: { origin: incoming.header("origin") ?? null, host: incoming.header("host") ?? null },
      },
      { collapseKey: `origin|${incoming.address}` },
    );
  }
}

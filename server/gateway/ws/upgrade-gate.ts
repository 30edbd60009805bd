/**
 * What a request must be before it becomes a connection; nothing is allocated for one that is refused here.
 * Threats: pages of other sites and DNS rebinding (a browser may open a WebSocket to anywhere), tokens in addresses, floods of connections
 * that never say who they are.
 */
import type { IncomingMessage } from "node:http";
import type { Principal } from "#server/access/schema.ts";
import { addressKey } from "#server/core/http/address.ts";
import { refuseForeignOrigin } from "#server/gateway/browser-origin.ts";
import type { Call } from "#server/gateway/exchange.ts";
import { identifyToken, presentedToken } from "#server/gateway/identify.ts";
import { Refusal } from "#server/gateway/refusal.ts";
import type { GatewayServices } from "#server/gateway/services.ts";
import type { Tally, WebSocketLimits } from "#server/gateway/ws/limits.ts";

const WEBSOCKET_PATH = "/ws";

/** RFC 6455 § 4.1: 16 bytes in base64. */
const KEY_FORM = /^[+/0-9A-Za-z]{22}==$/;

interface GateFacts {
  request: IncomingMessage;
  call: Call;
  /** Connections whose caller is not known yet. */
  unproven: Tally;
  limits: WebSocketLimits;
}

/**
 * @returns who asks, or null when the first frame has to say it.
 * @throws Refusal NOT_FOUND, INVALID_INPUT, FORBIDDEN, WRONG_HOST, UNAUTHENTICATED, LOCKED_OUT, RATE_LIMITED
 */
export function admitUpgrade(
  services: GatewayServices,
  { request, call, unproven, limits }: GateFacts,
): Principal | null {
  refuseForeignOrigin(services, call);
  refuseForm(request, call);
  const token = presentedToken(call);
  if (token !== undefined) {
    return identifyToken(services, call, token);
  }
  const isCrowded = unproven.of(addressKey(call.address)) >= limits.unprovenPerAddress;
  if (isCrowded || unproven.total() >= limits.unproven) {
    throw new Refusal(
      "RATE_LIMITED",
      "Too many connections have not said who they are. Send the token in the header Authorization, or try again later.",
      { event: "limit.exceeded", reason: isCrowded ? "unproven_per_address" : "unproven" },
      { collapseKey: `unproven|${call.address}`, retryAfterSeconds: Math.ceil(limits.handshakeMs / 1000) },
    );
  }
  return null;
}

function refuseForm({ url = "", method, headers }: IncomingMessage, call: Call): void {
  if (call.path !== WEBSOCKET_PATH) {
    throw malformed("NOT_FOUND", `WebSockets are served at ${WEBSOCKET_PATH} only.`, call);
  }
  if (url !== WEBSOCKET_PATH) {
    throw malformed(
      "INVALID_INPUT",
      `${WEBSOCKET_PATH} takes no query string: addresses end up in logs. Send the token in the header Authorization or in the first frame.`,
      call,
    );
  }
  const isHandshake =
    method === "GET" &&
    headers.upgrade?.toLowerCase() === "websocket" &&
    headers["sec-websocket-version"] === "13" &&
    KEY_FORM.test(headers["sec-websocket-key"] ?? "");
  if (!isHandshake) {
    throw malformed(
      "INVALID_INPUT",
      "This is no WebSocket handshake of version 13 (GET with Upgrade: websocket and Sec-WebSocket-Key).",
      call,
    );
  }
}

function malformed(code: "NOT_FOUND" | "INVALID_INPUT", message: string, { address }: Call): Refusal {
  const reason = code.toLowerCase();
  return new Refusal(
    code,
    message,
    { event: "message.refused", reason },
    { collapseKey: `upgrade_${reason}|${address}` },
  );
}

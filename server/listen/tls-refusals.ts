/** Handshakes that fail, for the record: no client certificate, an unknown one, an old protocol, plain HTTP on the TLS port. */
import { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { normaliseAddress } from "#server/core/http/address.ts";
import { recordDoorRefusal } from "#server/listen/refusal.ts";
import type { ListenServices } from "#server/listen/services.ts";

const REASONS: Readonly<Record<string, string>> = {
  ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE: "client_certificate_missing",
  ERR_SSL_HTTP_REQUEST: "plain_http",
  ERR_SSL_UNSUPPORTED_PROTOCOL: "old_protocol",
  ERR_TLS_HANDSHAKE_TIMEOUT: "handshake_timeout",
};

/** Records the failure and ends the connection; whoever merely hung up is not worth a line. */
export function refuseHandshake(
  services: Pick<ListenServices, "refusals" | "log">,
  { code = "" }: NodeJS.ErrnoException,
  socket: TLSSocket,
): void {
  const reason = reasonOf(code, socket);
  if (reason !== undefined) {
    const data = { detail: detailOf(code, socket) };
    void recordDoorRefusal(services, { event: "network.tls_refused", address: addressOf(socket), reason, data });
  }
  socket.destroy();
}

function reasonOf(code: string, socket: TLSSocket): string | undefined {
  // Set when a certificate came and was not good; the socket is closed by then and reports no more than that.
  if (isSet(socket.authorizationError)) {
    return "client_certificate_refused";
  }
  return REASONS[code] ?? (code.startsWith("ERR_SSL_") ? "handshake_failed" : undefined);
}

function detailOf(code: string, socket: TLSSocket): string {
  return isSet(socket.authorizationError) ? String(socket.authorizationError) : code;
}

/** Typed as an error, in truth a code or null. */
function isSet(value: unknown): boolean {
  return value !== undefined && value !== null;
}

/** A closed TLS socket has forgotten its address; the connection below it, whose address was looked at before, has not. */
function addressOf(socket: TLSSocket): string {
  const below = "_parent" in socket && socket._parent instanceof Socket ? socket._parent.remoteAddress : undefined;
  return normaliseAddress(socket.remoteAddress ?? below ?? "unknown");
}

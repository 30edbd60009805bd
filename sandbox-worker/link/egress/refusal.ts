/** Why a program's request for the outside was not carried out: what is recorded and what it is told. */

const ANSWERS = {
  not_granted: [
    403,
    "The run's profile grants no way out. Add hosts to security.sandboxing.profiles.NAME.egress.domains.",
  ],
  host_invalid: [403, "Only hosts with a name are reached, as http://HOST/ or CONNECT HOST:443; never an IP address."],
  host_not_listed: [
    403,
    "The host is not among security.sandboxing.profiles.NAME.egress.domains of the run's profile.",
  ],
  port_refused: [403, "Only port 80 over HTTP and port 443 over TLS are reached."],
  host_mismatch: [400, "The Host header must name the host of the request's address."],
  unsupported_transfer_coding: [501, "Transfer-Encoding: only chunked is understood."],
  too_many_connections: [429, "The run has 16 connections to the outside. Close one first."],
  upload_limit: [403, "The run has sent the 64 MiB it may send."],
  download_limit: [403, "The run has received the 64 MiB it may receive."],
  not_resolved: [502, "The name of the host was not found."],
  address_not_public: [403, "The host's name leads to an address that is not on the public internet."],
  connect_failed: [502, "The host did not answer."],
  not_tls: [403, "The tunnel must begin with a TLS handshake."],
  server_name_missing: [403, "The TLS handshake must name the host (SNI)."],
  server_name_mismatch: [403, "The TLS handshake must name the host that was asked for (SNI)."],
  encrypted_client_hello: [403, "Encrypted ClientHello hides the host's name and is not let through. Turn it off."],
} as const satisfies Record<string, readonly [status: number, message: string]>;

export type EgressReason = keyof typeof ANSWERS;

/** Nobody's decision: the network's. */
const FAILURES: ReadonlySet<EgressReason> = new Set(["not_resolved", "connect_failed"]);

export class EgressRefusal extends Error {
  readonly reason: EgressReason;
  readonly status: number;
  readonly outcome: "denied" | "failed";
  /** Addresses the name led to, where it came so far. */
  readonly addresses: readonly string[];

  constructor(reason: EgressReason, addresses: readonly string[] = []) {
    super(ANSWERS[reason][1]);
    this.reason = reason;
    this.status = ANSWERS[reason][0];
    this.outcome = FAILURES.has(reason) ? "failed" : "denied";
    this.addresses = addresses;
  }
}

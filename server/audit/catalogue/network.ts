/** The port: who may connect, TLS, well-formed requests, limits. */
import { COUNT, type EventText } from "#server/audit/catalogue/text.ts";

export const NETWORK = {
  "network.address_refused": {
    meaning: "A connection or request came from an address that may not use the gateway.",
    reason: "`not_allowed`, `no_longer_allowed` (after a change of the configuration), `not_a_proxy`.",
    because: "`gateway.allowedIps` or `gateway.tls.terminatedByProxy`.",
    fields: { proxy: "Address of the trusted proxy that passed the request on.", ...COUNT },
  },
  "network.connections_exceeded": {
    meaning: "A connection was refused because too many are open.",
    reason: "`per_address`, `total`.",
    because: "`gateway.maxConnectionsPerAddress`.",
    fields: COUNT,
  },
  "network.bad_request": {
    meaning: "What came over a connection is no well-formed HTTP request, and the connection was ended.",
    reason: "The parser's code, or that of a form that two readers could read in two ways (request smuggling).",
    because: "`gateway.trustedProxies` for a broken X-Forwarded-For.",
    fields: COUNT,
  },
  "network.origin_refused": {
    meaning: "A request came from a page of another site, or under a host name that is not the gateway's.",
    target: "Method and path of the request.",
    reason: "`foreign_origin`, `foreign_host`.",
    fields: { origin: "The Origin header, or null.", host: "The Host header, or null.", ...COUNT },
  },
  "network.tls_refused": {
    meaning: "A TLS handshake failed: no client certificate, an unknown one, an old protocol, or no TLS at all.",
    reason:
      "`client_certificate_missing`, `client_certificate_refused`, `plain_http`, `old_protocol`, `handshake_timeout`, `handshake_failed`.",
    fields: { detail: "OpenSSL's code.", ...COUNT },
  },
  "network.proxy_tls_override": {
    meaning:
      "The gateway listens without TLS on an address that others reach, because the configuration says that a proxy ends TLS.",
    because: "`gateway.tls.terminatedByProxy`.",
    fields: { bind: "The address it listens on." },
  },
  "tls.reloaded": {
    meaning: "A new certificate is in force.",
    fields: {
      fingerprint: "SHA-256 fingerprint of the new certificate.",
      validTo: "Until when it is valid (ISO 8601, UTC).",
      authorityChanged: "Whether other clients are trusted now, for which open connections were cut.",
    },
  },
  "tls.reload_failed": {
    meaning: "New certificate files cannot be used; the old certificate stays in force.",
    reason: "`invalid`.",
    because: "The configuration path of the file.",
    fields: { inForce: "SHA-256 fingerprint of the certificate in force." },
  },
  "tls.certificate_expiring": {
    meaning: "The certificate in force ends soon, has ended, or does not name the gateway's own addresses.",
    reason: "Code of the warning.",
    because: "The configuration path.",
    fields: {
      fingerprint: "SHA-256 fingerprint of the certificate.",
      validTo: "Until when it is valid (ISO 8601, UTC).",
    },
  },
  "limit.exceeded": {
    meaning: "A message, request or connection was refused because a limit was reached.",
    target: "Method and path of the request.",
    reason:
      "`rate_limited`, and for live connections `connections_per_principal`, `requests_in_flight`, `unproven`, `unproven_per_address`.",
    because: "The configuration path of the limit, or the user's own restriction.",
    fields: {
      key: "What is counted: the rule and whom it counts.",
      max: "How many are allowed in the window.",
      windowMs: "Length of the window (milliseconds).",
      command: "The command that was asked for.",
      ...COUNT,
    },
  },
  "limit.store_lost": {
    meaning: "The store of the limits (Redis) does not answer any more.",
    reason: "`store_unavailable`.",
    because: "`security.rateLimit.onStoreFailure`.",
    fields: {
      policy: "What happens meanwhile, as configured.",
      problem: "What the store said.",
    },
  },
  "limit.store_restored": {
    meaning: "The store of the limits answers again.",
    because: "`security.rateLimit.onStoreFailure`.",
    fields: { outageMs: "How long it was away (milliseconds)." },
  },
  "limit.reset": {
    meaning: "Somebody made the gateway forget what one limit had counted, so that requests pass again at once.",
    target: "What is counted, as in `limit.exceeded`.",
    reason: "`store_unavailable` when it failed.",
    because: "The configuration path of the limit, or the user's own restriction.",
    fields: { counted: "Whether there was anything to forget." },
  },
} as const satisfies Record<string, EventText>;

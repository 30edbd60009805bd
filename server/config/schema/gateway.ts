/** `gateway`: where it listens, who may connect, how tokens are made. */
import { z } from "zod";
import { duration, network, secret, text, wholeNumber } from "#server/config/schema/fields.ts";
import { DAY, MINUTE } from "#server/config/units.ts";

const bindAddress = z
  .string()
  .refine((value) => value === "localhost" || z.ipv4().safeParse(value).success || z.ipv6().safeParse(value).success, {
    error: 'must be an IP address such as "127.0.0.1", "0.0.0.0" or "::1", or "localhost"',
  })
  .meta({ type: "address" });

/** Exactly scheme, host and port, as a browser sends it in the Origin header. */
const origin = z
  .string()
  .refine((value) => isOrigin(value), {
    error: 'must be an origin such as "https://console.example.com": scheme, host and port only, no path, no "*"',
  })
  .meta({ type: "origin" });

function isOrigin(value: string): boolean {
  const url = URL.parse(value);
  return url !== null && (url.protocol === "https:" || url.protocol === "http:") && url.origin === value;
}

const Tls = z
  .strictObject({
    enabled: z.boolean().prefault(false).describe("Serve HTTPS and WSS instead of HTTP and WS."),
    cert: text().optional().describe("File with the certificate chain, PEM."),
    key: text().optional().describe("File with the private key, PEM."),
    ca: text()
      .optional()
      .describe("File with the authority of client certificates, PEM. When set, every client must present one (mTLS)."),
    terminatedByProxy: z
      .boolean()
      .prefault(false)
      .describe(
        "States that a proxy listed in `gateway.trustedProxies` ends TLS in front of the gateway. On an address that is not loopback nobody else may connect then.",
      ),
  })
  .prefault({})
  .describe("Transport encryption.");

const TokenConfig = z
  .strictObject({
    expiration: duration({ min: MINUTE, max: 3650 * DAY })
      .prefault("24h")
      .describe("Lifetime of a new token when none is asked for."),
    refreshEnabled: z.boolean().prefault(true).describe("Lets a live token be exchanged for a fresh one."),
    maxTokens: wholeNumber({ min: 1, max: 10_000 }).prefault(5).describe("Live tokens one owner may hold."),
    tokenLength: wholeNumber({ min: 16, max: 128 })
      .prefault(32)
      .describe("Random bytes in a new token; fewer than 16 are refused."),
  })
  .prefault({})
  .describe("How API tokens are made.");

export const Gateway = z
  .strictObject({
    bind: bindAddress
      .prefault("127.0.0.1")
      .describe(
        "Address to listen on. Any address that is not loopback needs TLS, a strong token and `allowedOrigins`.",
      ),
    port: wholeNumber({ min: 0, max: 65_535 }).prefault(18_789).describe("TCP port; 0 takes a free one."),
    token: secret()
      .optional()
      .describe(
        "One shared access token with the rights of the admin role; at least 24 characters. Prefer `openclaw gateway generate-token`.",
      ),
    tls: Tls,
    tokenConfig: TokenConfig,
    allowedIps: z
      .array(network())
      .max(1000)
      .prefault([])
      .describe(
        "Source addresses that may connect, health checks and this machine included; empty means any. A change cuts connections that are no longer allowed.",
      ),
    maxConnectionsPerAddress: wholeNumber({ min: 1, max: 10_000 })
      .prefault(256)
      .describe("Connections one address (IPv6: one /64 network) may hold open; a trusted proxy may hold any number."),
    trustedProxies: z
      .array(network())
      .max(1000)
      .prefault([])
      .describe(
        "Proxies whose X-Forwarded-For is believed; the right-most address that is not one of them counts as the client.",
      ),
    allowedOrigins: z
      .array(origin)
      .max(1000)
      .prefault([])
      .describe("Browser origins of the console besides the gateway's own loopback address."),
  })
  .prefault({})
  .describe("Network and access of the gateway itself.");

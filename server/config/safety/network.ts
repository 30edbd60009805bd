/** Rules about listening, TLS and the shared token (NET-2, AUTH-4). */
import { isIPv4 } from "node:net";
import type { Finding } from "#server/config/problems.ts";
import { referencesOf, resolveSecret, visibleText, type SecretSource } from "#server/config/references.ts";
import { weakTokenReason } from "#server/config/safety/token.ts";
import type { Config } from "#server/config/schema.ts";
import { isLoopbackAddress, parseAddressList } from "#server/core/http/address.ts";

/** True for addresses that only this machine can reach. */
export function isLoopback(bind: string): boolean {
  return bind === "localhost" || isLoopbackAddress(bind);
}

export function networkFindings({ gateway }: Config, secrets: SecretSource): Finding[] {
  return [
    ...tokenFindings(gateway, secrets),
    ...tlsFindings(gateway),
    ...exposureFindings(gateway),
    ...proxyFindings(gateway),
    ...sourceFindings(gateway),
  ];
}

function tokenFindings({ token }: Config["gateway"], secrets: SecretSource): Finding[] {
  const path = ["gateway", "token"];
  const written = token === undefined ? undefined : visibleText("gateway.token", token, secrets.open);
  if (written === undefined) {
    return [];
  }
  const missing = referencesOf(written).find((variable) => secrets.lookup(variable) === undefined);
  if (missing !== undefined) {
    return [
      {
        severity: "error",
        path,
        reason: `refers to the environment variable ${missing}, which is not set`,
        fix: `Set ${missing} before the start, or remove the key.`,
      },
    ];
  }
  const reason = weakTokenReason(resolveSecret("gateway.token", written, secrets));
  const fix = "Remove it and use `openclaw gateway generate-token`, or set 24 or more random characters.";
  return reason === undefined ? [] : [{ severity: "error", path, reason, fix }];
}

function tlsFindings({ tls }: Config["gateway"]): Finding[] {
  const missing = (["cert", "key"] as const).filter((file) => tls[file] === undefined);
  return tls.enabled
    ? missing.map((file) => ({
        severity: "error",
        path: ["gateway", "tls", file],
        reason: "is required when gateway.tls.enabled is true",
        fix: "Name a PEM file.",
      }))
    : [];
}

function exposureFindings({ bind, tls, token, allowedOrigins, trustedProxies }: Config["gateway"]): Finding[] {
  if (isLoopback(bind)) {
    return [];
  }
  const encrypted = tls.enabled || (tls.terminatedByProxy && trustedProxies.length > 0);
  const missing = [
    encrypted ? "" : "gateway.tls (enabled, cert, key)",
    token === undefined ? "gateway.token" : "",
    allowedOrigins.length === 0 ? "gateway.allowedOrigins" : "",
  ].filter((key) => key !== "");
  if (missing.length > 0) {
    return [
      {
        severity: "error",
        path: ["gateway", "bind"],
        reason: `makes the gateway reachable from other machines, which needs ${missing.join(" and ")}`,
        fix: "Set what is missing, or run: openclaw config set gateway.bind 127.0.0.1",
      },
    ];
  }
  return tls.enabled
    ? []
    : [
        {
          severity: "warning",
          path: ["gateway", "tls", "terminatedByProxy"],
          reason: "leaves the traffic between the proxy and the gateway unencrypted",
          fix: "Keep both on one machine or one private network.",
        },
      ];
}

/** Wider than 10.0.0.0/8 and fc00::/7, the largest private networks, or all of IPv4 in its IPv6 spelling. */
function isTooWide(block: string): boolean {
  const [base = "", prefix] = block.split("/");
  const list = parseAddressList([block]);
  const isAllOfIPv4 = list.includes("0.0.0.0") && list.includes("255.255.255.255");
  return isAllOfIPv4 || (prefix !== undefined && Number(prefix) < (isIPv4(base) ? 8 : 7));
}

function proxyFindings({ tls, trustedProxies }: Config["gateway"]): Finding[] {
  const findings = trustedProxies.flatMap((block, index): Finding[] =>
    isTooWide(block)
      ? [
          {
            severity: "error",
            path: ["gateway", "trustedProxies", index],
            reason:
              "trusts more addresses than any network of your own has, so that strangers could claim to be any client",
            fix: "Name the addresses of your proxies.",
          },
        ]
      : [],
  );
  if (tls.terminatedByProxy && trustedProxies.length === 0) {
    findings.push({
      severity: "error",
      path: ["gateway", "tls", "terminatedByProxy"],
      reason: "needs gateway.trustedProxies",
      fix: "Name the addresses of your proxies, or remove the key.",
    });
  }
  return findings;
}

/** Loopback is not exempt from the list: health checks and the console on this machine come from there. */
function sourceFindings({ allowedIps }: Config["gateway"]): Finding[] {
  const list = parseAddressList(allowedIps);
  return allowedIps.length === 0 || list.includes("127.0.0.1") || list.includes("::1")
    ? []
    : [
        {
          severity: "warning",
          path: ["gateway", "allowedIps"],
          reason: "leaves out this machine itself: health checks and browsers on it are refused too",
          fix: 'Add "127.0.0.1" and "::1" if they should work.',
        },
      ];
}

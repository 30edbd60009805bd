/** Rules about listening, TLS and the shared token (NET-2, AUTH-4). */
import type { Finding } from "#server/config/problems.ts";
import { referencesOf, resolveSecret, type Lookup } from "#server/config/references.ts";
import { weakTokenReason } from "#server/config/safety/token.ts";
import type { Config } from "#server/config/schema.ts";

/** True for addresses that only this machine can reach. */
export function isLoopback(address: string): boolean {
  return /^(?:localhost|(?:::ffff:)?127\.\d{1,3}\.\d{1,3}\.\d{1,3}|::1|(?:0{1,4}:){7}0{0,3}1)$/i.test(address);
}

export function networkFindings({ gateway }: Config, lookup: Lookup): Finding[] {
  return [
    ...tokenFindings(gateway, lookup),
    ...tlsFindings(gateway),
    ...exposureFindings(gateway),
    ...proxyFindings(gateway),
  ];
}

function tokenFindings({ token }: Config["gateway"], lookup: Lookup): Finding[] {
  const path = ["gateway", "token"];
  if (token === undefined) {
    return [];
  }
  const missing = referencesOf(token).find((variable) => lookup(variable) === undefined);
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
  const reason = weakTokenReason(resolveSecret("gateway.token", token, lookup));
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

function proxyFindings({ tls, trustedProxies }: Config["gateway"]): Finding[] {
  const everyone = trustedProxies.findIndex((block) => /\/0$/.test(block));
  const findings: Finding[] = [];
  if (everyone >= 0) {
    findings.push({
      severity: "error",
      path: ["gateway", "trustedProxies", everyone],
      reason: "trusts every address, so that anyone could claim to be any client",
      fix: "Name the addresses of your proxies.",
    });
  }
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

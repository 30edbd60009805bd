/**
 * The addresses under which a browser may use this server, and the checks that hold it to them.
 * Threats: DNS rebinding and forged Host headers (a name we never announced), cross-site requests (a foreign Origin).
 */

export interface WebOrigin {
  /** The one origin that links are made with, as `http://127.0.0.1:18789`. */
  canonical: string;
  /** Every accepted origin, the canonical one included. */
  accepted: readonly string[];
  /** Whether browsers reach us over TLS; decides on Secure cookies and HSTS. */
  tls: boolean;
}

interface WebOriginOptions {
  /** Address the server listens on. */
  bind: string;
  /** Port it really listens on. */
  port: number;
  /** Whether it speaks TLS itself. */
  tls: boolean;
  /** Whether browsers reach it through a proxy that ends TLS. */
  terminatedByProxy?: boolean;
  /** Further origins from the configuration; the first one is the canonical one when the bind address is not where browsers go. */
  allowedOrigins?: readonly string[];
}

const LOOPBACK_HOSTS = ["127.0.0.1", "localhost", "[::1]"];
const ANY_HOST = new Set(["0.0.0.0", "::", ""]);

/** Accepted origins: loopback names and the bind address with our port, plus what the configuration names. */
export function webOrigin(options: WebOriginOptions): WebOrigin {
  const { bind, port, tls, terminatedByProxy = false, allowedOrigins = [] } = options;
  const scheme = tls ? "https" : "http";
  const originOf = (host: string): string => new URL(`${scheme}://${host}:${port}`).origin;
  const bindHost = bind.includes(":") && !bind.startsWith("[") ? `[${bind}]` : bind;
  const configured = allowedOrigins.map((origin) => new URL(origin).origin);
  const own = ANY_HOST.has(bind) || bind === "localhost" ? LOOPBACK_HOSTS : [bindHost, ...LOOPBACK_HOSTS];
  const accepted = [...new Set([...own.map(originOf), ...configured])];
  const direct = originOf(ANY_HOST.has(bind) ? "127.0.0.1" : bindHost);
  const canonical = ANY_HOST.has(bind) || terminatedByProxy ? (configured[0] ?? direct) : direct;
  return { canonical, accepted, tls: tls || terminatedByProxy };
}

/** The same from the `gateway` section of the configuration. */
export function gatewayOrigin(
  gateway: { bind: string; tls: { enabled: boolean; terminatedByProxy: boolean }; allowedOrigins: readonly string[] },
  port: number,
): WebOrigin {
  const { bind, tls, allowedOrigins } = gateway;
  return webOrigin({ bind, port, tls: tls.enabled, terminatedByProxy: tls.terminatedByProxy, allowedOrigins });
}

/** True when the Host header names one of our origins (default ports may be left out). */
export function isAcceptedHost(host: string | null | undefined, web: WebOrigin): boolean {
  if (host === null || host === undefined || host === "") {
    return false;
  }
  const name = host.toLowerCase();
  return web.accepted.some((origin) => {
    const url = new URL(origin);
    return url.host === name || (url.port === "" && `${url.host}:${url.protocol === "https:" ? 443 : 80}` === name);
  });
}

export type OriginVerdict = { ok: true } | { ok: false; reason: "host" | "origin" };

/**
 * Same-origin rule of the browser's own endpoints. Reads need a known Host and nothing that says "cross-site"; anything that changes state
 * must also prove where it comes from, so a request that states no origin at all is refused.
 */
export function checkSameOrigin(request: { method: string; headers: Headers }, web: WebOrigin): OriginVerdict {
  const { headers } = request;
  if (!isAcceptedHost(headers.get("host"), web)) {
    return { ok: false, reason: "host" };
  }
  const origin = headers.get("origin");
  const site = headers.get("sec-fetch-site");
  if (origin !== null && !web.accepted.includes(origin)) {
    return { ok: false, reason: "origin" };
  }
  const isRead = request.method === "GET" || request.method === "HEAD";
  if (site !== null && site !== "same-origin" && !(isRead && site === "none")) {
    return { ok: false, reason: "origin" };
  }
  if (!isRead && origin === null && site === null) {
    return { ok: false, reason: "origin" };
  }
  return { ok: true };
}

/**
 * The rule for the token-authenticated API. Bots say nothing about an origin and may use any name for the server. A request that carries a
 * browser's marks must come from a page of ours and under a name of ours: nothing else could have been talked into it by another site.
 */
export function checkApiOrigin(header: (name: string) => string | undefined, web: WebOrigin): OriginVerdict {
  const origin = header("origin");
  const site = header("sec-fetch-site");
  if (origin === undefined && site === undefined) {
    return { ok: true };
  }
  if (!isAcceptedHost(header("host"), web)) {
    return { ok: false, reason: "host" };
  }
  const isForeign = origin !== undefined && !web.accepted.includes(origin);
  const isFromElsewhere = site !== undefined && site !== "same-origin" && site !== "none";
  return isForeign || isFromElsewhere ? { ok: false, reason: "origin" } : { ok: true };
}

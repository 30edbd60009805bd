/**
 * What the configuration asks of the machine's firewall. Pure.
 * Threat: a value of the configuration that ends up as part of a command. Only whole numbers and addresses in one canonical spelling leave here.
 */
import { isIP, isIPv4 } from "node:net";
import type { Config } from "#server/config/schema.ts";
import { AppError } from "#server/core/errors.ts";
import { isLoopbackAddress, normaliseAddress } from "#server/core/http/address.ts";
import type { Family, FamilyIntent, FirewallIntent } from "#server/firewall/schema.ts";

const ANY: Record<Family, string> = { v4: "0.0.0.0", v6: "::" };

/**
 * @param port where the gateway really listens, when the start overrides `gateway.port`.
 * @throws AppError("INVALID_INPUT") for port 0, which is another one after each start, and for what is no address.
 */
export function firewallIntent({ gateway }: Pick<Config, "gateway">, port: number = gateway.port): FirewallIntent {
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new AppError(
      "INVALID_INPUT",
      "gateway.port is 0, so the port is another one after each start and no rule can name it. Set it, for example: openclaw config set gateway.port 18789",
    );
  }
  const bind = gateway.bind === "localhost" ? "127.0.0.1" : normaliseAddress(gateway.bind);
  if (isIP(bind) === 0) {
    throw new AppError("INVALID_INPUT", "gateway.bind is no IP address. Set one, such as 127.0.0.1 or 0.0.0.0.");
  }
  const loopback = isLoopbackAddress(bind);
  const byProxyOnly = !loopback && !gateway.tls.enabled;
  const sources = loopback ? [] : allowedSources(gateway, byProxyOnly);
  const family = (which: Family): FamilyIntent => ({
    listensOn: loopback ? null : listensOn(which, bind),
    sources: sources === null ? null : sources.filter((network) => isOfFamily(network, which)),
  });
  return {
    port,
    reach: loopback ? "loopback" : "outside",
    tls: gateway.tls.enabled,
    v4: family("v4"),
    v6: family("v6"),
    because: reasons(gateway, { bind, port, byProxyOnly }),
    notes: notes({ loopback, byProxyOnly, sources }),
  };
}

/** Node's `::` takes IPv4 too. */
function listensOn(family: Family, bind: string): string | null {
  if (bind === ANY.v6 || bind === ANY[family]) {
    return "any";
  }
  return isOfFamily(bind, family) && bind !== ANY.v4 ? bind : null;
}

const isOfFamily = (network: string, family: Family): boolean => !network.includes(":") === (family === "v4");

/** As the gateway's own door judges connections (`server/listen/address-gate.ts`): proxies always, others by `allowedIps`. */
function allowedSources(gateway: Config["gateway"], byProxyOnly: boolean): string[] | null {
  const proxies = gateway.trustedProxies.map(canonicalNetwork);
  if (byProxyOnly) {
    return unique(proxies);
  }
  return gateway.allowedIps.length === 0 ? null : unique([...gateway.allowedIps.map(canonicalNetwork), ...proxies]);
}

const unique = (networks: readonly string[]): string[] => [...new Set(networks)].sort();

/** `address/bits`, the address in one spelling with the host's bits cleared, as firewalls write it. @throws AppError("INVALID_INPUT") */
export function canonicalNetwork(entry: string): string {
  const [written = "", prefix, ...rest] = entry.trim().split("/");
  const base = normaliseAddress(written);
  const wasMapped = isIPv4(base) && written.includes(":");
  const bits = isIPv4(base) ? 32 : 128;
  const stated = prefix === undefined ? bits : /^\d{1,3}$/.test(prefix) ? Number(prefix) - (wasMapped ? 96 : 0) : NaN;
  if (isIP(base) === 0 || rest.length > 0 || !(stated >= 0 && stated <= bits)) {
    throw new AppError(
      "INVALID_INPUT",
      "gateway.allowedIps or gateway.trustedProxies holds what is no address or range.",
    );
  }
  return `${networkBase(base, stated)}/${stated}`;
}

function networkBase(base: string, bits: number): string {
  const width = isIPv4(base) ? 8 : 16;
  const groups = isIPv4(base) ? base.split(".").map(Number) : ipv6Groups(base);
  const masked = groups.map((group, index) => {
    const kept = Math.min(Math.max(bits - index * width, 0), width);
    return group & (((1 << kept) - 1) << (width - kept));
  });
  // Not `normaliseAddress`: a range such as ::ffff:0:0/96 would change its family.
  return isIPv4(base)
    ? masked.join(".")
    : new URL(`http://[${masked.map((group) => group.toString(16)).join(":")}]`).hostname.slice(1, -1);
}

/** The eight groups of an IPv6 address in its compressed spelling. */
function ipv6Groups(address: string): number[] {
  const [left = "", right = ""] = address.split("::");
  const parse = (part: string): number[] =>
    part === "" ? [] : part.split(":").map((group) => Number.parseInt(group, 16));
  const [head, tail] = [parse(left), parse(right)];
  return address.includes("::") ? [...head, ...Array<number>(8 - head.length - tail.length).fill(0), ...tail] : head;
}

function reasons(
  { allowedIps, trustedProxies, tls }: Config["gateway"],
  { bind, port, byProxyOnly }: { bind: string; port: number; byProxyOnly: boolean },
): string[] {
  const list = (entries: readonly string[]): string => (entries.length === 0 ? "empty" : `${entries.length} listed`);
  return [
    `gateway.bind = ${bind}`,
    `gateway.port = ${port}`,
    `gateway.tls.enabled = ${tls.enabled}`,
    ...(byProxyOnly ? [`gateway.tls.terminatedByProxy = ${tls.terminatedByProxy}`] : []),
    `gateway.allowedIps: ${list(allowedIps)}`,
    `gateway.trustedProxies: ${list(trustedProxies)}`,
  ];
}

function notes({
  loopback,
  byProxyOnly,
  sources,
}: {
  loopback: boolean;
  byProxyOnly: boolean;
  sources: readonly string[] | null;
}): string[] {
  if (loopback) {
    return ["The gateway listens on this machine only, so its port stays closed to others."];
  }
  if (byProxyOnly && sources?.length === 0) {
    return ["Without TLS only trusted proxies may connect, and none is listed: the port stays closed."];
  }
  if (byProxyOnly) {
    return ["A proxy ends TLS: only the trusted proxies may connect."];
  }
  return sources === null
    ? ["Everybody may connect: gateway.allowedIps is empty. List the networks that need it."]
    : [];
}

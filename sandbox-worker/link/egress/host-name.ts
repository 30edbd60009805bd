/** Names of hosts: one spelling each, and whether a profile allows one. Pure. */
import { domainToASCII } from "node:url";

/** At least two labels, the last with a letter first: what the URL standard reads as an IPv4 address, however written, never matches. */
const NAME = /^(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const MAX_NAME_LENGTH = 253;
/** The URL standard's forbidden host code points: nothing here is ever unescaped or cut off. */
const FORBIDDEN = /[\p{Cc} %/\\:?#@[\]<>^|]/u;

/** Lower case, punycode, without the trailing dot; null for what is no host name, IP addresses among them. */
export function canonicalHost(written: string): string | null {
  if (written.length > 4 * MAX_NAME_LENGTH || FORBIDDEN.test(written)) {
    return null;
  }
  const name = domainToASCII(written).replace(/\.$/, "");
  return name.length <= MAX_NAME_LENGTH && NAME.test(name) ? name : null;
}

/** @param domains each a name, or `*.` and a name: everything below it, but not itself */
export function allowed(host: string, domains: readonly string[]): boolean {
  const name = canonicalHost(host);
  if (name === null) {
    return false;
  }
  return domains.some((domain) => {
    const below = domain.startsWith("*.");
    const base = canonicalHost(below ? domain.slice(2) : domain);
    return base !== null && (below ? name.endsWith(`.${base}`) : name === base);
  });
}

export interface Authority {
  /** As `canonicalHost` spells it. */
  host: string;
  port: number;
}

/** `host` or `host:port`. Null for anything else. */
export function parseAuthority(written: string, defaultPort: number): Authority | null {
  const [, name = "", digits] = /^([^:]*)(?::(\d{1,5}))?$/.exec(written) ?? [];
  const host = canonicalHost(name);
  const port = digits === undefined ? defaultPort : Number(digits);
  return host === null || port < 1 || port > 65_535 ? null : { host, port };
}

/**
 * The last look at a reply before it leaves. Pure.
 * Threats: an agent that was talked into saying a secret; an address made to carry one, which the platform fetches for its preview or a reader
 * opens (link exfiltration). Hidden characters and other spellings of a link are looked through.
 */
import { CENSOR, redactText } from "#server/core/redact.ts";

const LINK_REMOVED = "[link removed]";

export interface FilterRules {
  /** Values that must never leave, whatever they look like. */
  secrets: readonly string[];
  /** Hosts that links may lead to, with their subdomains; null = any. */
  allowedLinks: readonly string[] | null;
}

export interface Filtered {
  text: string;
  /** How many things were taken out. */
  secrets: number;
  links: number;
}

/** Shorter ones are words of the language. */
const SHORTEST_SECRET = 8;

export function filterReply(text: string, { secrets, allowedLinks }: FilterRules): Filtered {
  // Characters that show nothing split a word for a machine and not for a reader; between letters of other scripts they mean something.
  const plain = text.replace(/(?<=[\x21-\x7e])\p{Cf}+(?=[\x21-\x7e])/gu, "");
  // Links first: what takes a secret out of one leaves something that no longer reads as a link here.
  const links = allowedLinks === null ? { text: plain, removed: 0 } : withoutLinks(plain, allowedLinks);
  const kept = redactText(withoutKnown(links.text, secrets));
  return { text: kept, secrets: Math.max(0, count(kept, CENSOR) - count(links.text, CENSOR)), links: links.removed };
}

const count = (text: string, part: string): number => text.split(part).length - 1;

/** As written, and as programs pass them on. */
function withoutKnown(text: string, secrets: readonly string[]): string {
  const spellings = secrets
    .filter((secret) => secret.length >= SHORTEST_SECRET)
    .flatMap((secret) => {
      const bytes = Buffer.from(secret);
      const base64 = bytes.toString("base64").replace(/=+$/, "");
      return [secret, encodeURIComponent(secret), base64, bytes.toString("base64url"), bytes.toString("hex")];
    })
    .sort((a, b) => b.length - a.length);
  return spellings.reduce((clean, spelling) => clean.replaceAll(spelling, CENSOR), text);
}

/** Dots as hosts may write them (IDNA 2003). */
const DOT = "[.\u3002\uff0e\uff61]";
/** Anything with a scheme or two slashes: what follows up to a blank or a bracket is taken for its address. */
const WITH_SCHEME =
  /(?:\b[a-z][a-z0-9+.-]{0,30}:)?[/\\]{2,}[^\s<>"'`)\]}|]+|\b(?:mailto|tel|tg|javascript|data|vbscript|file):[^\s<>"'`)\]}|]+/gi;
/** Names with dots, which platforms make into links by themselves, and what hangs on them. */
const BARE = new RegExp(
  `(?<![\\p{L}\\p{N}@._/\\\\-])(?:[\\p{L}\\p{N}](?:[\\p{L}\\p{N}-]*[\\p{L}\\p{N}])?${DOT})+(?:\\p{L}{2,24}|xn--[a-z0-9-]{2,59})(?![\\p{L}\\p{N}_-])(?::\\d{1,5})?(?:[/?#\\\\][^\\s<>"'\`)\\]}|]*)?`,
  "giu",
);
/** Endings of files. A name of two parts with one of them, and nothing behind it, is taken for a file: it can carry nothing. */
const FILE_ENDINGS = new Set(
  "txt md py js ts tsx jsx json yml yaml toml ini cfg conf log csv tsv html htm css xml svg pdf png jpg jpeg gif sh rs go java c h cc cpp rb php sql zip tar gz lock env local test".split(
    " ",
  ),
);

function withoutLinks(text: string, allowed: readonly string[]): { text: string; removed: number } {
  let removed = 0;
  const judge = (link: string, isAllowed: boolean): string => {
    // Punctuation behind a link belongs to the sentence.
    const tail = /[.,;:!?]*$/.exec(link)?.[0] ?? "";
    removed += isAllowed ? 0 : 1;
    return isAllowed ? link : `${LINK_REMOVED}${tail}`;
  };
  const schemes = text.replace(WITH_SCHEME, (link) => judge(link, leadsTo(link, allowed)));
  const bare = schemes.replace(BARE, (link, offset: number) => {
    // What stands inside a link that was let through has been judged with it.
    const isWithin = /[a-z][a-z0-9+.-]*:\/\/[^\s<>"'`)\]}|]*$/i.test(schemes.slice(Math.max(0, offset - 2048), offset));
    return isWithin || isFileName(link) ? link : judge(link, leadsTo(`https://${link}`, allowed));
  });
  return { text: bare, removed };
}

function isFileName(link: string): boolean {
  const [, ending, ...more] = link.split(".");
  return more.length === 0 && ending !== undefined && FILE_ENDINGS.has(ending.toLowerCase());
}

/** Judged as a browser reads it: user names, backslashes, other alphabets and numbers of hosts deceive the eye only. */
function leadsTo(link: string, allowed: readonly string[]): boolean {
  const url = /^https?:\/\//i.test(link) ? URL.parse(link) : null;
  if (url === null || url.username !== "" || url.password !== "" || link.includes("\\")) {
    return false;
  }
  const host = url.hostname.replace(/\.$/, "");
  return allowed.some((entry) => {
    const name = entry.toLowerCase().replace(/^\*?\./, "");
    return host === name || host.endsWith(`.${name}`);
  });
}

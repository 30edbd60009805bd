/** What the adapters prove deliveries with: keyed hashes over the raw bytes, the encodings they come in, and how old a time may be. */
import { createHash, createHmac } from "node:crypto";
import type { HookFault, Verdict } from "#server/channels/adapter.ts";
import { sameBytes } from "#server/core/crypto/same-bytes.ts";

/**
 * Whether `given` is the HMAC of `data` (its parts joined) under `key`, compared in constant time.
 * False for a blank key, whatever is given: a connection without its secret believes nobody.
 */
export function hmacMatches(
  algorithm: "sha256",
  key: string | Buffer,
  data: readonly (string | Buffer)[],
  given: Buffer,
): boolean {
  if (key.length === 0) {
    return false;
  }
  const mac = createHmac(algorithm, key);
  for (const part of data) {
    mac.update(part);
  }
  return sameBytes(mac.digest(), given);
}

/** Whether two texts are equal, in a time that says nothing about the known one. False when either is blank. */
export function sameSecret(known: string, given: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return known.length > 0 && given.length > 0 && sameBytes(digest(known), digest(given));
}

/** The bytes of a text of exactly `bytes` × 2 lower-case hexadecimal digits, as the platforms write them; null for any other spelling. */
export function fromHex(text: string, bytes: number): Buffer | null {
  return text.length === bytes * 2 && /^[0-9a-f]+$/.test(text) ? Buffer.from(text, "hex") : null;
}

/** The bytes of base64 in its one canonical spelling (standard alphabet, padded, no stray bits); null for any other. */
export function fromBase64(text: string, bytes: number): Buffer | null {
  const decoded = Buffer.from(text, "base64");
  return decoded.length === bytes && decoded.toString("base64") === text ? decoded : null;
}

/**
 * Whether a time in a header is near enough to ours, before or after.
 * @param seconds text of whole seconds since 1970
 * @param now milliseconds since 1970
 * @param toleranceMs milliseconds, included
 */
export function freshness(seconds: string | undefined, now: number, toleranceMs: number): Verdict {
  if (seconds === undefined || seconds === "") {
    return fault("timestamp_missing");
  }
  if (!/^[0-9]{1,12}$/.test(seconds)) {
    return fault("timestamp_stale");
  }
  return Math.abs(now - Number(seconds) * 1000) <= toleranceMs ? { ok: true } : fault("timestamp_stale");
}

export const fault = (reason: HookFault): Verdict => ({ ok: false, reason });

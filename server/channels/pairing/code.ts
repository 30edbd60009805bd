/** Pairing codes: random, stored only as a keyed hash whose key lies outside the database, so that a stolen dump approves nobody. */
import { createHmac, randomInt } from "node:crypto";
import { CODE_ALPHABET, CODE_LENGTH } from "#server/channels/pairing/policy.ts";
import type { Pepper } from "#server/tokens/index.ts";

export function newPairingCode(): string {
  return Array.from({ length: CODE_LENGTH }, () => CODE_ALPHABET.charAt(randomInt(CODE_ALPHABET.length))).join("");
}

/** @param code in any case, with blanks or dashes as people write them */
export function pairingCodeHash({ key }: Pepper, channel: string, code: string): Uint8Array<ArrayBuffer> {
  const written = code.replaceAll(/[\s-]/g, "").toUpperCase();
  return new Uint8Array(createHmac("sha256", key).update(`pairing|${channel}|${written}`).digest());
}

/** Identifiers. Random, URL-safe, with a prefix that says what they name. */
import { randomBytes } from "node:crypto";

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";

/** `characters` symbols of Crockford base32, lower case, 5 random bits each. */
export function randomId(prefix: string, characters = 20): string {
  const random = randomBytes(characters);
  let text = "";
  for (const byte of random) {
    text += ALPHABET.charAt(byte & 31);
  }
  return `${prefix}_${text}`;
}

export const newRunId = (): string => randomId("run");
export const newRequestId = (): string => randomId("req");
export const newTokenId = (): string => randomId("", 12).slice(1);
export const newWorkerId = (): string => randomId("wrk");
export const newSessionId = (): string => randomId("ses", 52);

/** Identifiers. Random, URL-safe, with a prefix that says what they name. */
import { randomBytes } from "node:crypto";

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
/** Asking the system for each id alone costs more than making the id. */
const POOL_BYTES = 8192;

let pool = Buffer.alloc(0);
let used = 0;

/** Random bytes, each handed out once. */
function takeRandom(bytes: number): Buffer {
  if (used + bytes > pool.length) {
    pool = randomBytes(POOL_BYTES);
    used = 0;
  }
  const taken = pool.subarray(used, used + bytes);
  used += bytes;
  return taken;
}

/** The prefix, `_`, and `characters` symbols of Crockford base32, lower case, 5 random bits each. */
export function randomId(prefix: string, characters = 20): string {
  return `${prefix}_${randomSymbols(characters)}`;
}

function randomSymbols(characters: number): string {
  let text = "";
  for (const byte of takeRandom(characters)) {
    text += ALPHABET.charAt(byte & 31);
  }
  return text;
}

export const newRunId = (): string => randomId("run");
/** Of one command of the command line, for the record. */
export const newCommandId = (): string => randomId("cmd");
export const newRequestId = (): string => randomId("req");
export const newTokenId = (): string => randomSymbols(12);
export const newWorkerId = (): string => randomId("wrk");
export const newSessionId = (): string => randomId("ses", 52);
export const newConnectionId = (): string => randomId("con");
export const newQuarantineId = (): string => randomId("qua");

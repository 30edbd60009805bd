/** Identifiers. Random, URL-safe, with a prefix that says what they name. */
import { randomBytes } from "node:crypto";

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
const CODES = Buffer.from(ALPHABET, "latin1");
/** Asking the system for each id alone costs more than making the id. */
const POOL_BYTES = 8192;

let pool = Buffer.alloc(0);
let used = 0;

/** Random bytes, each handed out once: whoever takes them may change them. */
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
  const taken = takeRandom(characters);
  for (let index = 0; index < characters; index += 1) {
    taken[index] = CODES[(taken[index] ?? 0) & 31] ?? 0;
  }
  return taken.toString("latin1");
}

export const newRunId = (): string => randomId("run");
/** Of one command of the command line, for the record. */
export const newCommandId = (): string => randomId("cmd");

/** W3C Trace Context, version 00: neither id may be zero. */
const TRACEPARENT = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}$/;

/**
 * Of one request. Where its caller traces it, the id ends with the caller's trace and span: everything on record of the request, in whatever
 * process, can be found from the trace and the other way round. The random part keeps it unique, whatever a caller claims.
 * @param traceparent the header of that name
 */
export function newRequestId(traceparent?: string): string {
  const [, traceId, spanId] = traceparent === undefined ? [] : (TRACEPARENT.exec(traceparent) ?? []);
  const id = randomId("req");
  return traceId === undefined || spanId === undefined ? id : `${id}_${traceId}${spanId}`;
}
export const newTokenId = (): string => randomSymbols(12);
export const newWorkerId = (): string => randomId("wrk");
export const newSessionId = (): string => randomId("ses", 52);
export const newConnectionId = (): string => randomId("con");
export const newVulnerabilityCheckId = (): string => randomId("vul");
export const newKeyRotationId = (): string => randomId("rot");
export const newQuarantineId = (): string => randomId("qua");

/** Of replies to one delivery; their receivers see it. */
export const newReplyId = (): string => randomId("rep");

/** Of what happened last within one millisecond, so that ids of one process rise with time. */
let lastOrdered = { at: 0, count: 0 };

/** An id that rises with time: 9 symbols of milliseconds since 1970, 3 that count within one, 10 random ones. */
function orderedId(prefix: string, now: number): string {
  const at = Math.max(now, lastOrdered.at);
  lastOrdered = { at, count: at === lastOrdered.at ? lastOrdered.count + 1 : 0 };
  return `${prefix}_${symbolsOf(at, 9)}${symbolsOf(lastOrdered.count, 3)}${randomSymbols(10)}`;
}

export const newDeliveryId = (now: number): string => orderedId("dlv", now);
/** Of notifications; their receivers see it. */
export const newAlertDeliveryId = (now: number): string => orderedId("ntf", now);
/** Of one episode of an alert. */
export const newAlertId = (now: number): string => orderedId("alt", now);
export const newAlertRuleId = (): string => randomId("rul", 12);
export const newContactPointId = (): string => randomId("cpt", 12);
export const newSilenceId = (): string => randomId("sil", 12);

/** Crockford base32 of a whole number, the most significant symbol first. */
function symbolsOf(value: number, characters: number): string {
  let rest = value;
  let text = "";
  for (let index = 0; index < characters; index += 1) {
    text = ALPHABET.charAt(rest % 32) + text;
    rest = Math.floor(rest / 32);
  }
  return text;
}

/** When a sender nobody knows gets a pairing code. Pure; times in milliseconds since 1970. */

/** Life of a code. */
export const CODE_LIFETIME_MS = 60 * 60_000;
/** Open codes of one sender. */
const MAX_OPEN_OF_SENDER = 3;
/** Open codes of one channel, so that a crowd of strangers cannot fill the database or the operator's list. */
const MAX_OPEN_OF_CHANNEL = 100;
/** New codes of one channel in a minute. */
const MAX_NEW_A_MINUTE = 20;
/** A sender is told something at most once in this time. */
const QUIET_MS = 60_000;
export const MINUTE_MS = 60_000;

/** Letters and digits that are not taken for each other, 32 of them: eight are 40 random bits. */
export const CODE_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
export const CODE_LENGTH = 8;

/** A request of the same sender that has not run out. */
interface KnownRequest {
  toldAt: number;
  expiresAt: number;
  outcome: string | null;
}

export interface OfferFacts {
  now: number;
  /** Those of this sender whose end has not come. */
  own: readonly KnownRequest[];
  openOfChannel: number;
  newOfLastMinute: number;
}

/** `remind`: the sender holds as many codes as it may, and is told so. `withhold`: the channel has no room; on record, and nothing is said. */
export type Offer = "new" | "remind" | "silent" | "withhold";

export function judgeOffer({ now, own, openOfChannel, newOfLastMinute }: OfferFacts): Offer {
  // Who was turned down hears nothing until the code would have ended anyway.
  if (own.some(({ outcome }) => outcome === "refused")) {
    return "silent";
  }
  if (own.some(({ toldAt }) => toldAt > now - QUIET_MS)) {
    return "silent";
  }
  if (own.filter(({ outcome }) => outcome === null).length >= MAX_OPEN_OF_SENDER) {
    return "remind";
  }
  return openOfChannel >= MAX_OPEN_OF_CHANNEL || newOfLastMinute >= MAX_NEW_A_MINUTE ? "withhold" : "new";
}

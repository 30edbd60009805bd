/** What one connection, one address and one caller may take of the process. */

export interface WebSocketLimits {
  /** Time to prove who one is (milliseconds). */
  handshakeMs: number;
  /** Between two pings; a peer that did not answer the last one by then is cut (milliseconds). */
  pingMs: number;
  /** Connections of one address whose caller is not known yet; an IPv6 /64 network counts as one address. */
  unprovenPerAddress: number;
  /** The same over all addresses. */
  unproven: number;
  /** Live connections of one principal. */
  perPrincipal: number;
  /** Time that requests under way have to end when the process stops (milliseconds). */
  drainMs: number;
}

export const DEFAULT_LIMITS: WebSocketLimits = {
  handshakeMs: 10_000,
  pingMs: 30_000,
  unprovenPerAddress: 20,
  unproven: 1_000,
  perPrincipal: 100,
  drainMs: 5_000,
};

/** Bytes read of a connection whose caller is not known yet, whatever they are. */
export const MAX_UNPROVEN_BYTES = 64 * 1024;
/** Bytes of one frame afterwards. */
export const MAX_FRAME_BYTES = 1024 * 1024;
/** Requests of one connection that are worked on at the same time. */
export const MAX_IN_FLIGHT = 32;
/** Time a peer has to answer a close frame before it is cut (milliseconds). */
export const CLOSE_GRACE_MS = 1_000;
/** Frames in a row that cannot be understood. */
export const MAX_BAD_FRAMES = 3;

/** How many are held under each key. */
export interface Tally {
  total(): number;
  of(key: string): number;
  /** @returns gives the place back; further calls do nothing. */
  add(key: string): () => void;
}

export function createTally(): Tally {
  const counts = new Map<string, number>();
  let total = 0;
  return {
    total: () => total,
    of: (key) => counts.get(key) ?? 0,
    add(key) {
      counts.set(key, (counts.get(key) ?? 0) + 1);
      total += 1;
      let held = true;
      return () => {
        if (!held) {
          return;
        }
        held = false;
        total -= 1;
        const left = (counts.get(key) ?? 0) - 1;
        if (left > 0) {
          counts.set(key, left);
        } else {
          counts.delete(key);
        }
      };
    },
  };
}

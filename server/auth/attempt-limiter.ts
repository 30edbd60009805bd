/**
 * Slows down guessing at sign-in: after a few failures an address waits, and waits longer each time. No address is exempt, loopback
 * included. Every spelling of an address shares one budget, and an IPv6 network counts as one address.
 */
import type { Clock } from "#server/core/clock.ts";
import { addressKey } from "#server/core/http/address.ts";

interface AttemptLimiterOptions {
  clock: Clock;
  /** Failures without any wait; default 5. */
  freeFailures?: number;
  /** First wait in milliseconds, doubled by each further failure; default 1,000. */
  firstDelayMs?: number;
  /** Longest wait in milliseconds; default 60,000. */
  maxDelayMs?: number;
  /** Milliseconds without a failure after which an address starts afresh; default 15 minutes. */
  forgetAfterMs?: number;
  /** Addresses remembered at most; the one that failed longest ago gives way. Default 10,000. */
  maxAddresses?: number;
}

export interface AttemptLimiter {
  /** Milliseconds this address still has to wait; 0 = it may try. */
  waitMs(address: string): number;
  /** Notes a failed attempt. */
  failed(address: string): void;
  /** Notes an attempt that was turned away unread; returns how many there were since the last failure, this one included. */
  turnedAway(address: string): number;
  /** Forgets an address after a success. */
  succeeded(address: string): void;
}

interface Entry {
  failures: number;
  turnedAway: number;
  lastFailureAt: number;
  blockedUntil: number;
}

export function createAttemptLimiter(options: AttemptLimiterOptions): AttemptLimiter {
  const { clock, freeFailures = 5, firstDelayMs = 1_000, maxDelayMs = 60_000 } = options;
  const { forgetAfterMs = 15 * 60_000, maxAddresses = 10_000 } = options;
  // Oldest failure first: a Map keeps insertion order and `failed` re-inserts.
  const entries = new Map<string, Entry>();

  function find(key: string): Entry | undefined {
    const entry = entries.get(key);
    if (entry !== undefined && clock.now() - entry.lastFailureAt >= forgetAfterMs) {
      entries.delete(key);
      return undefined;
    }
    return entry;
  }

  return {
    waitMs(address) {
      return Math.max(0, (find(addressKey(address))?.blockedUntil ?? 0) - clock.now());
    },
    failed(address) {
      const key = addressKey(address);
      const failures = (find(key)?.failures ?? 0) + 1;
      const excess = failures - freeFailures;
      const delayMs = excess <= 0 ? 0 : Math.min(maxDelayMs, firstDelayMs * 2 ** Math.min(excess - 1, 30));
      const now = clock.now();
      entries.delete(key);
      entries.set(key, { failures, turnedAway: 0, lastFailureAt: now, blockedUntil: now + delayMs });
      const oldest = entries.size > maxAddresses ? entries.keys().next().value : undefined;
      if (oldest !== undefined) {
        entries.delete(oldest);
      }
    },
    turnedAway(address) {
      const entry = find(addressKey(address));
      if (entry === undefined) {
        return 1;
      }
      entry.turnedAway += 1;
      return entry.turnedAway;
    },
    succeeded(address) {
      entries.delete(addressKey(address));
    },
  };
}

/**
 * Slows down guessing, whatever is guessed: tokens, links, passwords, codes. Failures are counted per kind of credential for the address,
 * and for the account as that address sees it, so that
 *  - a guesser waits longer after each failure, loopback included;
 *  - others behind the same address go on: a right credential is held up only by failures at its own account;
 *  - nobody can lock an owner out from elsewhere, except where the secret is short enough to be guessed from many addresses at once
 *    (`accountWide`), and there not at an address the owner has signed in from before (`familiar`).
 * Every spelling of an address shares one budget, and an IPv6 network counts as one address.
 */
import type { Clock } from "#server/core/clock.ts";
import { addressKey } from "#server/core/http/address.ts";

/** What is being proven. `accountWide`: failures from all addresses together hold up the account. */
const CREDENTIALS = {
  token: { accountWide: false },
  link: { accountWide: false },
  session: { accountWide: false },
  password: { accountWide: true },
  totp: { accountWide: true },
  recovery_code: { accountWide: false },
  passkey: { accountWide: false },
  pairing_code: { accountWide: true },
  hook: { accountWide: false },
} as const satisfies Record<string, { accountWide: boolean }>;
export type CredentialKind = keyof typeof CREDENTIALS;

export interface Attempt {
  kind: CredentialKind;
  address: string;
  /** The existing account whose secret is tried; null when the attempt names none that exists. */
  account: string | null;
  /** Whether this account has signed in from there before: then only its own failures there hold it up. */
  familiar?: boolean;
}

/** What is remembered under one key; times in milliseconds since the Unix epoch. */
export interface AttemptEntry {
  failures: number;
  lastFailureAt: number;
  blockedUntil: number;
}

export interface AttemptLimiter {
  /** Milliseconds until a wrong credential is looked at again: the longest wait of the address and the account. */
  waitMs(attempt: Attempt): number;
  /** Milliseconds until the right credential of this account is accepted from this address. */
  waitForRightMs(attempt: Attempt): number;
  /** Notes a failed attempt. */
  failed(attempt: Attempt): void;
  /** Forgets the failures at this account from this address. The address as such keeps its own: a guesser may own one account. */
  succeeded(attempt: Attempt): void;
  /** Takes over what another process noted under a key, where it is worse. */
  merge(key: string, entry: AttemptEntry): void;
}

interface AttemptLimiterOptions {
  clock: Clock;
  /** Called with each changed entry, or null when it was forgotten. */
  onChange?: (key: string, entry: AttemptEntry | null) => void;
  /** Keys remembered at most; the one that failed longest ago gives way. Default 50,000. */
  maxEntries?: number;
}

/** Failures without any wait. */
const FREE_FAILURES = 5;
/** First wait, doubled by each further failure (milliseconds). */
const FIRST_DELAY_MS = 1_000;
/** Longest wait (milliseconds). */
const MAX_DELAY_MS = 15 * 60_000;
/** Time without a failure after which a key starts afresh (milliseconds). */
export const FORGET_AFTER_MS = 60 * 60_000;

export function createAttemptLimiter(options: AttemptLimiterOptions): AttemptLimiter {
  const { clock, onChange, maxEntries = 50_000 } = options;
  // Oldest failure first: a Map keeps insertion order and every change re-inserts.
  const entries = new Map<string, AttemptEntry>();

  function find(key: string | null): AttemptEntry | undefined {
    const entry = key === null ? undefined : entries.get(key);
    return entry !== undefined && clock.now() - entry.lastFailureAt < FORGET_AFTER_MS ? entry : undefined;
  }

  function keep(key: string, entry: AttemptEntry): void {
    entries.delete(key);
    entries.set(key, entry);
    const oldest = entries.size > maxEntries ? entries.keys().next().value : undefined;
    if (oldest !== undefined) {
      entries.delete(oldest);
    }
  }

  const longestWait = (keys: readonly (string | null)[]): number =>
    Math.max(0, ...keys.map((key) => (find(key)?.blockedUntil ?? 0) - clock.now()));

  return {
    waitMs: (attempt) => longestWait(attempt.familiar === true ? ownKeys(attempt) : keysOf(attempt)),
    // Asked on every request: where nobody failed, nothing is worked out.
    waitForRightMs: (attempt) => (entries.size === 0 ? 0 : longestWait(keysOf(attempt).slice(1))),
    failed(attempt) {
      const now = clock.now();
      const [address = "", ...others] = keysOf(attempt);
      // Whoever is let through where others wait does not make them wait longer, as those who wait do not.
      const passes = attempt.familiar === true && (find(address)?.blockedUntil ?? 0) > now;
      for (const key of passes ? others : [address, ...others]) {
        const failures = (find(key)?.failures ?? 0) + 1;
        const entry = { failures, lastFailureAt: now, blockedUntil: now + delayAfter(failures) };
        keep(key, entry);
        onChange?.(key, entry);
      }
    },
    succeeded(attempt) {
      for (const key of entries.size === 0 ? [] : keysOf(attempt).slice(1)) {
        if (entries.delete(key)) {
          onChange?.(key, null);
        }
      }
    },
    merge(key, entry) {
      const known = find(key);
      if (known === undefined || entry.blockedUntil > known.blockedUntil || entry.failures > known.failures) {
        keep(key, {
          failures: Math.max(entry.failures, known?.failures ?? 0),
          lastFailureAt: Math.max(entry.lastFailureAt, known?.lastFailureAt ?? 0),
          blockedUntil: Math.max(entry.blockedUntil, known?.blockedUntil ?? 0),
        });
      }
    },
  };
}

function delayAfter(failures: number): number {
  const excess = failures - FREE_FAILURES;
  return excess <= 0 ? 0 : Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(excess - 1, 30));
}

/** The address first, then what belongs to the account. */
function keysOf({ kind, address, account }: Attempt): string[] {
  const where = addressKey(address);
  const keys = [`${kind}|${where}`];
  if (account !== null) {
    keys.push(`${kind}|${where}|${account}`);
    if (CREDENTIALS[kind].accountWide) {
      keys.push(`${kind}||${account}`);
    }
  }
  return keys;
}

/** Of an account at an address it is known at: that of the account there, and no other. */
const ownKeys = (attempt: Attempt): string[] => keysOf(attempt).slice(1, 2);

/**
 * Password hashing: Argon2id as a PHC string, so that a stored hash says how it was made and is made anew when the parameters rise.
 * Threat: each hash costs memory and a core for some 20 ms, and anybody may ask for one. A few run at once, some wait, the rest is turned
 * away before it costs anything.
 */
import { randomBytes } from "node:crypto";
import { hash, verify, type Algorithm } from "@node-rs/argon2";
import { AppError } from "#server/core/errors.ts";

export interface Passwords {
  /** @throws AppError("BUSY") when too many wait already. */
  hash(password: string): Promise<string>;
  /**
   * Whether the password belongs to the hash. With null the same work is done for nothing, so that who has no hash takes as long.
   * @throws AppError("BUSY") when too many wait already.
   */
  verify(stored: string | null, password: string): Promise<boolean>;
  /** True when the hash was made with less than today's parameters. */
  isOutdated(stored: string): boolean;
}

// The library names it in a const enum, which exists for the compiler only.
const ARGON2ID: Algorithm = 2;
/** OWASP's choice for Argon2id: 19 MiB, two passes, one lane. */
const PARAMETERS = { algorithm: ARGON2ID, memoryCost: 19_456, timeCost: 2, parallelism: 1 };
const PHC_START = "$argon2id$v=19$m=19456,t=2,p=1$";
const RUNNING_MAX = 2;
const WAITING_MAX = 32;

export function createPasswords(): Passwords {
  const waiting: (() => void)[] = [];
  let running = 0;
  let nobody: Promise<string> | null = null;

  async function queued<T>(work: () => Promise<T>): Promise<T> {
    if (running >= RUNNING_MAX) {
      if (waiting.length >= WAITING_MAX) {
        throw new AppError("BUSY", "Too many sign-ins at once. Try again in a moment.", { retryAfterSeconds: 1 });
      }
      // Whoever ends hands his place over, so that nobody who comes later slips in between.
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else {
      running += 1;
    }
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) {
        running -= 1;
      } else {
        next();
      }
    }
  }

  const make = (password: string): Promise<string> => hash(password, PARAMETERS);
  return {
    hash: (password) => queued(() => make(password)),
    async verify(stored, password) {
      // Also for those who have a hash: the first who has none must not take twice as long.
      nobody ??= make(randomBytes(24).toString("base64"));
      const compared = stored ?? (await nobody);
      await nobody;
      const isRight = await queued(() => verify(compared, password));
      return stored !== null && isRight;
    },
    isOutdated: (stored) => !stored.startsWith(PHC_START),
  };
}

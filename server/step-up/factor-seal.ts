/** Encryption of the seeds of people who write from platforms. Always on, as for members of the console. */
import type { Keyring } from "#server/core/crypto/keyring/index.ts";
import { isSealedText, openText, sealText } from "#server/core/crypto/vault.ts";
import { AppError } from "#server/core/errors.ts";

export interface UserFactorSeal {
  sealSeed(userId: string, seed: string): string;
  /** @throws AppError("CANNOT_DECRYPT"), also for a seed that stands there in plain text: we have written none. */
  openSeed(userId: string, stored: string): string;
}

export function createUserFactorSeal(keyring: Keyring): UserFactorSeal {
  return {
    sealSeed: (userId, seed) => sealText(keyring, "database", seed, contextOf(userId)),
    openSeed(userId, stored) {
      if (!isSealedText(stored)) {
        throw new AppError("CANNOT_DECRYPT", `The authenticator of user "${userId}" was changed in the database.`);
      }
      return openText(keyring, ["database"], stored, contextOf(userId));
    },
  };
}

const contextOf = (userId: string): string => `user_factor|seed|${userId}`;

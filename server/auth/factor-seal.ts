/** Encryption of authenticator seeds. Always on, whatever the configuration says of the database: who reads a seed can make its codes. */
import type { Keyring } from "#server/core/crypto/keyring/index.ts";
import { isSealedText, openText, sealText } from "#server/core/crypto/vault.ts";
import { AppError } from "#server/core/errors.ts";

export interface FactorSeal {
  sealSeed(memberId: string, seed: string): string;
  /** @throws AppError("CANNOT_DECRYPT"), also for a seed that stands there in plain text: we have written none. */
  openSeed(memberId: string, stored: string): string;
}

export function createFactorSeal(keyring: Keyring): FactorSeal {
  return {
    sealSeed: (memberId, seed) => sealText(keyring, "database", seed, contextOf(memberId)),
    openSeed(memberId, stored) {
      if (!isSealedText(stored)) {
        throw new AppError("CANNOT_DECRYPT", `The authenticator of member ${memberId} was changed in the database.`);
      }
      return openText(keyring, ["database"], stored, contextOf(memberId));
    },
  };
}

const contextOf = (memberId: string): string => `member|totp_secret|${memberId}`;

/** Encryption of what a session's row says about the person: where they are and what browser they use. */
import type { Keyring } from "#server/core/crypto/keyring/index.ts";
import { openText, plainText, sealText } from "#server/core/crypto/vault.ts";

type SessionColumn = "user_agent" | "address";

export interface SessionSeal {
  seal(column: SessionColumn, idHash: Uint8Array, text: string): string;
  /** @throws AppError("CANNOT_DECRYPT") */
  open(column: SessionColumn, idHash: Uint8Array, stored: string): string;
}

/** @param isWanted `security.encryption.database.enabled` at that moment */
export function createSessionSeal(keyring: Keyring, isWanted: () => boolean): SessionSeal {
  return {
    seal: (column, idHash, text) =>
      isWanted() ? sealText(keyring, "database", text, contextOf(column, idHash)) : plainText(text),
    open: (column, idHash, stored) => openText(keyring, ["database"], stored, contextOf(column, idHash)),
  };
}

const contextOf = (column: SessionColumn, idHash: Uint8Array): string =>
  `console_session|${column}|${Buffer.from(idHash).toString("hex")}`;

/** From a master secret to the root key, through the slot that it opens. */
import { randomBytes } from "node:crypto";
import {
  keyringFile,
  makeSlot,
  openSlot,
  readKeyringFile,
  type KeyringFile,
  type KeySlot,
} from "#server/core/crypto/keyring/file.ts";
import { deriveKey, type MasterSecret } from "#server/core/crypto/keyring/master-secret.ts";
import { AppError } from "#server/core/errors.ts";
import type { HomePaths } from "#server/core/paths.ts";

export async function newSlot(master: MasterSecret, root: Buffer, iterations: number): Promise<KeySlot> {
  const salt = randomBytes(16);
  const kek = await deriveKey(master.secret, salt, iterations);
  const slot = makeSlot(kek, root, salt, iterations);
  kek.fill(0);
  return slot;
}

interface Unlocked {
  root: Buffer;
  /** Rounds of the slot that opened. */
  iterations: number;
  slotId: string;
}

/** @throws AppError("NOT_CONFIGURED") when no slot opens. */
export async function unlock(content: KeyringFile, master: MasterSecret, file: string): Promise<Unlocked> {
  for (const slot of content.slots) {
    const kek = await deriveKey(master.secret, Buffer.from(slot.salt, "base64"), slot.iterations);
    const root = openSlot(slot, kek);
    kek.fill(0);
    if (root !== null) {
      return { root, iterations: slot.iterations, slotId: slot.id };
    }
  }
  throw new AppError(
    "NOT_CONFIGURED",
    `The master secret from ${master.source} does not open the keyring ${file}. Give the one it was made with; nothing was changed.`,
  );
}

/** @throws AppError("NOT_CONFIGURED") when the home has no keyring yet. */
export function existingKeyring(paths: Pick<HomePaths, "keysDir">): { file: string; content: KeyringFile } {
  const file = keyringFile(paths);
  const content = readKeyringFile(file);
  if (content === null) {
    throw new AppError("NOT_CONFIGURED", `There is no keyring at ${file} yet. Start the gateway once: npm start`);
  }
  return { file, content };
}

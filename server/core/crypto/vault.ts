/**
 * Values of a purpose, sealed and opened with the keyring: what the domains use. Text that is stored sealed begins with a marker, so that
 * rows from before encryption was on stay readable; plain text that happens to begin like that is escaped, so that nobody can pass off
 * text as a sealed value.
 */
import { keyIdOf, openBytes, sealBytes, type CipherName } from "#server/core/crypto/aead.ts";
import type { Keyring, KeyPurpose } from "#server/core/crypto/keyring/index.ts";
import { AppError } from "#server/core/errors.ts";

const SEALED = "$ocg1$";
const PLAIN = "$ocg0$";

/** @param context where the value stands, such as `run|stdout|run_…`; the same for sealing and opening. */
export function sealValue(
  keyring: Keyring,
  purpose: KeyPurpose,
  value: Uint8Array,
  context: string,
  cipher?: CipherName,
): Buffer {
  return sealBytes(keyring.current(purpose), value, context, cipher);
}

/** @throws AppError("CANNOT_DECRYPT") that names the place, never the value. */
export function openValue(keyring: Keyring, purpose: KeyPurpose, sealed: Uint8Array, context: string): Buffer {
  const id = keyIdOf(sealed);
  if (id === null) {
    throw cannotDecrypt(context, "is not a sealed value");
  }
  const key = keyring.find(purpose, id);
  if (key === undefined) {
    throw cannotDecrypt(context, `was sealed with the ${purpose} key ${id}, which is not in the keyring`);
  }
  const value = openBytes(key, sealed, context);
  if (value === null) {
    throw cannotDecrypt(context, "was changed or put into another place after it was sealed");
  }
  return value;
}

export function sealText(
  keyring: Keyring,
  purpose: KeyPurpose,
  text: string,
  context: string,
  cipher?: CipherName,
): string {
  return SEALED + sealValue(keyring, purpose, Buffer.from(text, "utf8"), context, cipher).toString("base64");
}

export const isSealedText = (stored: string): boolean => stored.startsWith(SEALED);

/** Text as it is stored without encryption: itself, unless it begins like a stored value of ours. */
export const plainText = (text: string): string =>
  text.startsWith(SEALED) || text.startsWith(PLAIN) ? PLAIN + text : text;

/**
 * What `sealText` or `plainText` stored.
 * @param purposes tried by the id of the key that sealed it
 * @throws AppError("CANNOT_DECRYPT")
 */
export function openText(keyring: Keyring, purposes: readonly KeyPurpose[], stored: string, context: string): string {
  if (stored.startsWith(PLAIN)) {
    return stored.slice(PLAIN.length);
  }
  if (!isSealedText(stored)) {
    return stored;
  }
  const sealed = Buffer.from(stored.slice(SEALED.length), "base64");
  const id = keyIdOf(sealed);
  const purpose = purposes.find((candidate) => id !== null && keyring.find(candidate, id) !== undefined);
  return openValue(keyring, purpose ?? purposes[0] ?? "database", sealed, context).toString("utf8");
}

function cannotDecrypt(context: string, why: string): AppError {
  return new AppError(
    "CANNOT_DECRYPT",
    `The stored value ${context} ${why}. Restore it, or keys/keyring.json, from a backup.`,
  );
}

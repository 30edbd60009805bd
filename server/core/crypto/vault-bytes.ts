/**
 * Binary columns that may hold sealed and plain values side by side, as `vault.ts` does it for text: what is sealed begins with a marker, and
 * plain bytes that happen to begin like that are escaped, so that nobody can pass off a file as a sealed value.
 */
import { keyIdOf } from "#server/core/crypto/aead.ts";
import type { Keyring, KeyPurpose } from "#server/core/crypto/keyring/index.ts";
import { openValue, sealValue } from "#server/core/crypto/vault.ts";

const SEALED = Buffer.from("$ocg1$", "latin1");
const PLAIN = Buffer.from("$ocg0$", "latin1");

const beginsWith = (bytes: Uint8Array, marker: Buffer): boolean =>
  bytes.length >= marker.length && marker.equals(bytes.subarray(0, marker.length));

/** @param context where the value stands, such as `run_file|content|fil_…` */
export function sealStoredBytes(keyring: Keyring, purpose: KeyPurpose, bytes: Uint8Array, context: string): Buffer {
  return Buffer.concat([SEALED, sealValue(keyring, purpose, bytes, context)]);
}

/** Bytes as they are stored without encryption: themselves, unless they begin like a stored value of ours. */
export const plainStoredBytes = (bytes: Uint8Array): Uint8Array =>
  beginsWith(bytes, SEALED) || beginsWith(bytes, PLAIN) ? Buffer.concat([PLAIN, bytes]) : bytes;

/** What `sealStoredBytes` or `plainStoredBytes` stored. @throws AppError("CANNOT_DECRYPT") that names the place, never the value. */
export function openStoredBytes(keyring: Keyring, purpose: KeyPurpose, stored: Uint8Array, context: string): Buffer {
  const bytes = Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength);
  if (beginsWith(bytes, PLAIN)) {
    return bytes.subarray(PLAIN.length);
  }
  return beginsWith(bytes, SEALED) ? openValue(keyring, purpose, bytes.subarray(SEALED.length), context) : bytes;
}

/** The key that stored bytes are sealed with, from their beginning (13 bytes are enough); null when they are not sealed. */
export const keyOfStoredBytes = (stored: Uint8Array): string | null =>
  beginsWith(stored, SEALED) ? keyIdOf(stored.subarray(SEALED.length)) : null;

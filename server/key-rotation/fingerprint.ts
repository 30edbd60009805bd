/**
 * A keyed hash that tells two values of a key apart and says nothing about them: without the keyring nobody can even check a guess.
 * Kept as `<id of the keyring's key>:<hash>`, so that it can still be compared after the keyring's key was rotated.
 */
import { createHmac, hkdfSync } from "node:crypto";
import type { DataKey } from "#server/core/crypto/aead.ts";
import type { Keyring } from "#server/core/crypto/keyring/index.ts";
import { sameBytes } from "#server/core/crypto/same-bytes.ts";

const BYTES = 16;
const SHOWN = 8;

function hashWith({ key }: DataKey, keyId: string, value: string): string {
  const own = Buffer.from(hkdfSync("sha256", key, "openclaw", "key-fingerprint", 32));
  return createHmac("sha256", own)
    .update(`${keyId}\n${value}`)
    .digest("hex")
    .slice(0, 2 * BYTES);
}

/** @param keyId the key it is of: the same value in two places has two fingerprints */
export function fingerprint(keyring: Keyring, keyId: string, value: string): string {
  const current = keyring.current("config");
  return `${current.id}:${hashWith(current, keyId, value)}`;
}

/** Null when the keyring's key is gone and nothing can be said. */
export function hasFingerprint(keyring: Keyring, keyId: string, value: string, known: string): boolean | null {
  const [id = "", hash = ""] = known.split(":");
  const key = keyring.find("config", id);
  return key === undefined ? null : sameBytes(Buffer.from(hashWith(key, keyId, value)), Buffer.from(hash));
}

/** As it is shown. */
export const shownFingerprint = (known: string): string => (known.split(":")[1] ?? "").slice(0, SHOWN);

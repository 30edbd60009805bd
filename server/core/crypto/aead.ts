/**
 * Authenticated encryption of single values under a data key. Pure but for the random nonce.
 *   0x01  AES-256-GCM               marker ‖ key id (6) ‖ nonce (12) ‖ ciphertext ‖ tag (16)      NIST SP 800-38D
 *   0x02  AES-256-CBC + HMAC        marker ‖ key id (6) ‖ IV (16) ‖ ciphertext ‖ tag (32)         RFC 7518 § 5.2.5 (encrypt, then MAC)
 * `context` is authenticated and not stored: where the value stands (table, column, row), so that one value put into another's place is refused.
 * Nonces are random: a data key may seal 2^32 values, after which it has to be rotated.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hkdfSync,
  randomBytes,
  type KeyObject,
} from "node:crypto";
import { sameBytes } from "#server/core/crypto/same-bytes.ts";

export const CIPHERS = ["AES-256-GCM", "AES-256-CBC"] as const;
export type CipherName = (typeof CIPHERS)[number];

/** A random key of 32 bytes with the name that sealed values carry. */
export interface DataKey {
  /** 12 hexadecimal digits. */
  id: string;
  key: Buffer;
}

const MARKERS = { "AES-256-GCM": 1, "AES-256-CBC": 2 } as const satisfies Record<CipherName, number>;
const ID_BYTES = 6;
const HEADER_BYTES = 1 + ID_BYTES;
const GCM_NONCE_BYTES = 12;
const GCM_TAG_BYTES = 16;
const CBC_IV_BYTES = 16;
const CBC_TAG_BYTES = 32;

/** The value as it may be stored anywhere: unreadable and unchangeable without the key, and only in its place. */
export function sealBytes(
  { id, key }: DataKey,
  plaintext: Uint8Array,
  context: string,
  cipher: CipherName = "AES-256-GCM",
): Buffer {
  const header = Buffer.concat([Buffer.of(MARKERS[cipher]), Buffer.from(id, "hex")]);
  const bound = boundContext(header, context);
  if (cipher === "AES-256-GCM") {
    const nonce = freshBytes(GCM_NONCE_BYTES);
    return Buffer.concat([header, nonce, gcmSeal(key, nonce, plaintext, bound)]);
  }
  const iv = freshBytes(CBC_IV_BYTES);
  return Buffer.concat([header, iv, cbcSeal(cbcKeys(key), iv, plaintext, bound)]);
}

const POOL_BYTES = 6 * 1024;
let pool: Buffer = Buffer.alloc(0);

/** Random bytes, each given out once. Asked of the system many at a time: that costs more than sealing a short value. */
function freshBytes(length: number): Buffer {
  if (pool.length < length) {
    pool = randomBytes(POOL_BYTES);
  }
  const taken = pool.subarray(0, length);
  pool = pool.subarray(length);
  return taken;
}

/** The id of the key that `sealed` was made with, or null when it is no sealed value. */
export function keyIdOf(sealed: Uint8Array): string | null {
  const known = sealed[0] === MARKERS["AES-256-GCM"] || sealed[0] === MARKERS["AES-256-CBC"];
  return known && sealed.length >= HEADER_BYTES ? Buffer.from(sealed.subarray(1, HEADER_BYTES)).toString("hex") : null;
}

/** The value, or null when it was changed, cut, moved to another place, or sealed with another key. */
export function openBytes({ key }: DataKey, sealed: Uint8Array, context: string): Buffer | null {
  const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
  const header = bytes.subarray(0, HEADER_BYTES);
  const bound = boundContext(header, context);
  const nonceBytes = bytes[0] === MARKERS["AES-256-GCM"] ? GCM_NONCE_BYTES : CBC_IV_BYTES;
  const nonce = bytes.subarray(HEADER_BYTES, HEADER_BYTES + nonceBytes);
  const rest = bytes.subarray(HEADER_BYTES + nonceBytes);
  switch (bytes[0]) {
    case MARKERS["AES-256-GCM"]:
      return gcmOpen(key, nonce, rest, bound);
    case MARKERS["AES-256-CBC"]:
      return cbcOpen(cbcKeys(key), nonce, rest, bound);
    default:
      return null;
  }
}

function boundContext(header: Uint8Array, context: string): Buffer {
  return Buffer.concat([header, Buffer.from(context, "utf8")]);
}

/** Taking in a key's bytes costs Node several times as much as sealing a short value with it. A key's bytes never change. */
const taken = new WeakMap<Uint8Array, KeyObject>();

function keyObject(key: Uint8Array): KeyObject {
  const known = taken.get(key) ?? createSecretKey(key);
  taken.set(key, known);
  return known;
}

/** AES-256-GCM: ciphertext ‖ 16-byte tag. @param nonce 12 bytes, never used twice with one key. */
export function gcmSeal(key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array, aad: Uint8Array): Buffer {
  const cipher = createCipheriv("aes-256-gcm", keyObject(key), nonce, { authTagLength: GCM_TAG_BYTES }).setAAD(aad);
  return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

/** The plaintext, or null for anything that was not sealed like this; nothing unproven is given out. */
export function gcmOpen(key: Uint8Array, nonce: Uint8Array, sealed: Uint8Array, aad: Uint8Array): Buffer | null {
  if (nonce.length !== GCM_NONCE_BYTES || sealed.length < GCM_TAG_BYTES) {
    return null;
  }
  const end = sealed.length - GCM_TAG_BYTES;
  const decipher = createDecipheriv("aes-256-gcm", keyObject(key), nonce, { authTagLength: GCM_TAG_BYTES })
    .setAAD(aad)
    .setAuthTag(sealed.subarray(end));
  const text = decipher.update(sealed.subarray(0, end));
  try {
    return Buffer.concat([text, decipher.final()]);
  } catch {
    text.fill(0);
    return null;
  }
}

/** MAC key and encryption key, 32 bytes each. */
export interface CbcKeys {
  mac: Uint8Array;
  encryption: Uint8Array;
}

const CBC_INFO = "openclaw A256CBC-HS512";

function cbcKeys(key: Buffer): CbcKeys {
  const both = Buffer.from(hkdfSync("sha256", key, Buffer.alloc(0), CBC_INFO, 64));
  return { mac: both.subarray(0, 32), encryption: both.subarray(32) };
}

/** A256CBC-HS512 of RFC 7518 § 5.2.5: ciphertext ‖ 32-byte tag. @param iv 16 random bytes. */
export function cbcSeal(keys: CbcKeys, iv: Uint8Array, plaintext: Uint8Array, aad: Uint8Array): Buffer {
  const cipher = createCipheriv("aes-256-cbc", keys.encryption, iv);
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return Buffer.concat([ciphertext, cbcTag(keys, iv, ciphertext, aad)]);
}

/** The plaintext, or null. The tag is checked before anything is decrypted, so padding tells nothing. */
export function cbcOpen(keys: CbcKeys, iv: Uint8Array, sealed: Uint8Array, aad: Uint8Array): Buffer | null {
  const end = sealed.length - CBC_TAG_BYTES;
  if (iv.length !== CBC_IV_BYTES || end < CBC_IV_BYTES || end % CBC_IV_BYTES !== 0) {
    return null;
  }
  const ciphertext = sealed.subarray(0, end);
  if (!sameBytes(cbcTag(keys, iv, ciphertext, aad), sealed.subarray(end))) {
    return null;
  }
  const decipher = createDecipheriv("aes-256-cbc", keys.encryption, iv);
  return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
}

function cbcTag(keys: CbcKeys, iv: Uint8Array, ciphertext: Uint8Array, aad: Uint8Array): Buffer {
  const bits = Buffer.alloc(8);
  bits.writeBigUInt64BE(BigInt(aad.length) * 8n);
  const mac = createHmac("sha512", keys.mac).update(aad).update(iv).update(ciphertext).update(bits).digest();
  return mac.subarray(0, CBC_TAG_BYTES);
}

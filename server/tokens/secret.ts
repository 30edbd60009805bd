/**
 * The text form of an API token: `ocg_<id>_<secret><checksum>`.
 * The checksum (CRC-32 in base 62, as GitHub's tokens carry one) lets a secret scanner and this parser refuse a mistyped or invented
 * token without a look-up; it proves nothing. The secret alone proves the holder.
 */
import { createHmac, hkdfSync, randomBytes, type KeyObject } from "node:crypto";
import { crc32 } from "node:zlib";
import { hmacSha256 } from "#server/core/crypto/hmac.ts";
import { newTokenId } from "#server/core/ids.ts";

const BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const CHECKSUM_LENGTH = 6;
/** What every token begins with, mistyped ones included. */
export const TOKEN_PREFIX = "ocg_";
/** What a token is looked up by. */
export const TOKEN_ID = /^[0-9a-z]{12}$/;
const TOKEN_FORM = /^ocg_([0-9a-z]{12})_([A-Za-z0-9_-]{22,172})([0-9A-Za-z]{6})$/;

export interface TokenSecret {
  id: string;
  /** The whole text, shown once. */
  text: string;
  last4: string;
}

/** A new token with `entropyBytes` random bytes (16 to 128). */
export function newTokenSecret(entropyBytes: number): TokenSecret {
  return tokenOf(newTokenId(), randomBytes(entropyBytes));
}

/** What makes a secret that can be given again although it is not stored. */
export interface RetrySource {
  /** Text of the token that is exchanged. */
  replaces: string;
  /** The caller's key of the request. */
  key: string;
  entropyBytes: number;
}

/**
 * The token `id` that a request with this key gets in exchange: the same for the same request, unknown to whoever lacks the pepper, the
 * replaced token or the key. HKDF with SHA-256 (RFC 5869) over an HMAC of the three.
 */
export function derivedTokenSecret(
  pepper: KeyObject,
  id: string,
  { replaces, key, entropyBytes }: RetrySource,
): TokenSecret {
  const seed = purposeHmac(pepper, "exchange", replaces, key, id);
  return tokenOf(id, Buffer.from(hkdfSync("sha256", seed, "", "openclaw token secret", entropyBytes)));
}

/** What is stored of the caller's key (32 bytes): tells a repeated request from another one, and gives nothing away. */
export function hashRetryKey(pepper: KeyObject, replacedId: string, key: string): Buffer {
  return purposeHmac(pepper, "retry key", replacedId, key);
}

/** The id inside a well-formed token, or null. Says nothing about whether the token is valid. */
export function tokenIdOf(text: string): string | null {
  const match = TOKEN_FORM.exec(text);
  if (match === null) {
    return null;
  }
  const [, id, , sum] = match;
  return id !== undefined && sum === checksum(text.slice(0, -CHECKSUM_LENGTH)) ? id : null;
}

/** HMAC-SHA-256 of the token under the pepper: what is stored and compared (32 bytes). */
export function hashToken(pepper: KeyObject, text: string): Buffer {
  let key = peppers.get(pepper);
  if (key === undefined) {
    key = pepper.export();
    peppers.set(pepper, key);
  }
  return hmacSha256(key, NO_PREFIX, text);
}

const NO_PREFIX = Buffer.alloc(0);
/** Their bytes: asking a key for them costs more than the hash, and each request asks. */
const peppers = new WeakMap<KeyObject, Buffer>();

/** Apart from token hashes under the same key: no token begins with the prefix, and no part holds the separator. */
function purposeHmac(pepper: KeyObject, purpose: string, ...parts: readonly string[]): Buffer {
  return createHmac("sha256", pepper)
    .update(["openclaw", purpose, ...parts].join("\0"))
    .digest();
}

function tokenOf(id: string, secret: Buffer): TokenSecret {
  const body = `${TOKEN_PREFIX}${id}_${secret.toString("base64url")}`;
  const text = body + checksum(body);
  return { id, text, last4: text.slice(-4) };
}

function checksum(text: string): string {
  let value = crc32(text);
  let digits = "";
  for (let index = 0; index < CHECKSUM_LENGTH; index += 1) {
    digits = BASE62.charAt(value % 62) + digits;
    value = Math.floor(value / 62);
  }
  return digits;
}

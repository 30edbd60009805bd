/**
 * The text form of an API token: `ocg_<id>_<secret><checksum>`.
 * The checksum (CRC-32 in base 62, as GitHub's tokens carry one) lets a secret scanner and this parser refuse a mistyped or invented
 * token without a look-up; it proves nothing. The secret alone proves the holder.
 */
import { createHmac, randomBytes, type KeyObject } from "node:crypto";
import { crc32 } from "node:zlib";
import { newTokenId } from "#server/core/ids.ts";

const BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const CHECKSUM_LENGTH = 6;
const TOKEN_FORM = /^ocg_([0-9a-z]{12})_([A-Za-z0-9_-]{22,172})([0-9A-Za-z]{6})$/;

export interface TokenSecret {
  id: string;
  /** The whole text, shown once. */
  text: string;
  last4: string;
}

/** A new token with `entropyBytes` random bytes (16 to 128). */
export function newTokenSecret(entropyBytes: number): TokenSecret {
  const id = newTokenId();
  const body = `ocg_${id}_${randomBytes(entropyBytes).toString("base64url")}`;
  const text = body + checksum(body);
  return { id, text, last4: text.slice(-4) };
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
  return createHmac("sha256", pepper).update(text).digest();
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

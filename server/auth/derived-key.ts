/** Keys for one use each, made from the session secret. */
import { createHmac, hkdfSync } from "node:crypto";

/** A keyed hash that only this installation can make. @param use keeps hashes of different uses apart. */
export function keyedHash(sessionSecret: string, use: string, text: string): Buffer {
  const key = Buffer.from(hkdfSync("sha256", sessionSecret, "openclaw", use, 32));
  return createHmac("sha256", key).update(text).digest();
}

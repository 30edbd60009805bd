/** The key that token hashes are made with: it lives outside the database, so a stolen dump alone verifies nothing. */
import { createHash, createSecretKey, type KeyObject } from "node:crypto";
import { join } from "node:path";
import type { HomePaths } from "#server/core/paths.ts";
import { readOrCreateSecret } from "#server/core/secret-file.ts";

export interface Pepper {
  /** Fingerprint stored beside each hash, to tell which key made it. */
  id: string;
  key: KeyObject;
}

export function loadPepper(paths: HomePaths): Pepper {
  const secret = readOrCreateSecret(join(paths.keysDir, "token-pepper"));
  const id = createHash("sha256").update("openclaw-pepper-id").update(secret).digest("hex").slice(0, 12);
  // As a KeyObject: an HMAC with a Buffer as key costs five times as much, on every request.
  return { id, key: createSecretKey(secret) };
}

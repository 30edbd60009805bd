/** The key that token hashes are made with: it lives outside the database, so a stolen dump alone verifies nothing. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import type { HomePaths } from "#server/core/paths.ts";
import { readOrCreateSecret } from "#server/core/secret-file.ts";

export interface Pepper {
  /** Fingerprint stored beside each hash, to tell which key made it. */
  id: string;
  key: Buffer;
}

export function loadPepper(paths: HomePaths): Pepper {
  const key = readOrCreateSecret(join(paths.keysDir, "token-pepper"));
  const id = createHash("sha256").update("openclaw-pepper-id").update(key).digest("hex").slice(0, 12);
  return { id, key };
}

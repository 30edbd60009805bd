/** Does the master secret that opened a backup open the keyring in it, too? */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { MasterCandidate } from "#server/backups/archive-key.ts";
import { keyringFile, masterSecretFile, openKeyring } from "#server/core/crypto/keyring/index.ts";

/** The text that `keys/master-secret` holds for this secret. */
export const masterText = (master: MasterCandidate): string => `${master.secret.toString("base64")}\n`;

/**
 * Opens a keyring in a folder of its own below `folder`, which is gone afterwards.
 * @returns how many data keys it holds. @throws AppError of `openKeyring` when it does not open.
 */
export async function openKeyringCopy(folder: string, content: Buffer, master: MasterCandidate): Promise<number> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const keysDir = mkdtempSync(join(folder, ".opening-"));
  try {
    writeFileSync(keyringFile({ keysDir }), content, { mode: 0o600 });
    if (master.fromHome) {
      writeFileSync(masterSecretFile({ keysDir }), masterText(master), { mode: 0o600 });
    }
    const env = master.fromHome ? {} : { OPENCLAW_MASTER_KEY: master.secret.toString("utf8") };
    return (await openKeyring({ keysDir }, env)).list().length;
  } finally {
    rmSync(keysDir, { recursive: true, force: true });
  }
}

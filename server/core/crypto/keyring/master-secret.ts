/**
 * Where the master secret comes from: `OPENCLAW_MASTER_KEY`, the file named by `OPENCLAW_MASTER_KEY_FILE`, or `keys/master-secret` in the home
 * (random, made at the first start). Nothing but the keyring's slots and backups is made from it.
 */
import { pbkdf2 } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Env } from "#server/core/env.ts";
import { AppError, messageOf } from "#server/core/errors.ts";
import type { HomePaths } from "#server/core/paths.ts";
import { readOrCreateSecret } from "#server/core/secret-file.ts";

export type MasterEnv = Pick<Env, "OPENCLAW_MASTER_KEY" | "OPENCLAW_MASTER_KEY_FILE">;

export interface MasterSecret {
  secret: Buffer;
  /** For messages: where it came from. */
  source: string;
}

/** A passphrase of fewer characters can be guessed from a stolen keyring. */
const MIN_MASTER_CHARACTERS = 24;

export function masterSecretFile(paths: Pick<HomePaths, "keysDir">): string {
  return join(paths.keysDir, "master-secret");
}

/**
 * @param mayCreate makes the home's own secret when there is none; only where no keyring exists yet, since a new one would open nothing.
 * @throws AppError("NOT_CONFIGURED") when there is none or it is too short.
 */
export function readMasterSecret(paths: Pick<HomePaths, "keysDir">, env: MasterEnv, mayCreate: boolean): MasterSecret {
  if (env.OPENCLAW_MASTER_KEY !== undefined) {
    return passphrase(env.OPENCLAW_MASTER_KEY, "OPENCLAW_MASTER_KEY");
  }
  if (env.OPENCLAW_MASTER_KEY_FILE !== undefined) {
    return passphrase(readPassphrase(env.OPENCLAW_MASTER_KEY_FILE), env.OPENCLAW_MASTER_KEY_FILE);
  }
  const file = masterSecretFile(paths);
  if (!mayCreate && !existsSync(file)) {
    throw new AppError(
      "NOT_CONFIGURED",
      `There is a keyring but no master secret. Set OPENCLAW_MASTER_KEY or OPENCLAW_MASTER_KEY_FILE, or restore ${file} from a backup.`,
    );
  }
  return { secret: readOrCreateSecret(file), source: file };
}

function readPassphrase(file: string): string {
  try {
    return readFileSync(file, "utf8").replace(/\r?\n$/, "");
  } catch (error) {
    throw new AppError(
      "NOT_CONFIGURED",
      `OPENCLAW_MASTER_KEY_FILE cannot be read: ${messageOf(error)}. Correct the path or unset the variable.`,
      { cause: error },
    );
  }
}

/** @throws AppError("NOT_CONFIGURED") when it is too short. */
export function passphrase(text: string, source: string): MasterSecret {
  if ([...text].length < MIN_MASTER_CHARACTERS) {
    throw new AppError(
      "NOT_CONFIGURED",
      `The master key in ${source} is shorter than ${MIN_MASTER_CHARACTERS} characters. Make one with: openssl rand -base64 32`,
    );
  }
  // One spelling of one text, whatever keyboard it came from.
  return { secret: Buffer.from(text.normalize("NFC"), "utf8"), source };
}

const derive = promisify(pbkdf2);

/** PBKDF2 with HMAC-SHA-256 (RFC 8018): 32 bytes. Takes about 0.4 s for 600,000 rounds, off the main thread. */
export function deriveKey(secret: Uint8Array, salt: Uint8Array, iterations: number): Promise<Buffer> {
  return derive(secret, salt, iterations, 32, "sha256");
}

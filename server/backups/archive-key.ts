/**
 * The key of one archive: random, wrapped by a key made from the master secret, so that a backup can be opened on a new machine with nothing
 * but that secret, and no archive shares a key with another or with the keyring.
 */
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import type { ArchiveHeader } from "#server/backups/schema.ts";
import { gcmOpen, gcmSeal } from "#server/core/crypto/aead.ts";
import { deriveKey, readMasterSecret, type MasterSecret } from "#server/core/crypto/keyring/index.ts";
import type { Env } from "#server/core/env.ts";
import { AppError, isAppError, messageOf } from "#server/core/errors.ts";
import type { HomePaths } from "#server/core/paths.ts";

type WrappedKey = ArchiveHeader["key"];

const SALT_BYTES = 16;
const NONCE_BYTES = 12;
const KEY_BYTES = 32;

export async function makeArchiveKey(
  master: MasterSecret,
  id: string,
  iterations: number,
): Promise<{ key: Buffer; wrapped: WrappedKey }> {
  const key = randomBytes(KEY_BYTES);
  const salt = randomBytes(SALT_BYTES);
  const nonce = randomBytes(NONCE_BYTES);
  const facts = { kdf: "PBKDF2-HMAC-SHA256" as const, iterations, salt: salt.toString("base64") };
  const kek = await deriveKey(master.secret, salt, iterations);
  const sealed = Buffer.concat([nonce, gcmSeal(kek, nonce, key, about(id, facts))]);
  return { key, wrapped: { ...facts, wrapped: sealed.toString("base64") } };
}

/** A secret that may open archives. */
export interface MasterCandidate extends MasterSecret {
  /** The random secret of a home, as it is kept in `keys/master-secret`; otherwise a passphrase. */
  fromHome: boolean;
}

/**
 * The archive's key and the secret that opened it.
 * @throws AppError("CANNOT_DECRYPT") naming where the secrets came from.
 */
export async function openArchiveKey(
  { id, key }: Pick<ArchiveHeader, "id" | "key">,
  candidates: readonly MasterCandidate[],
  name: string,
): Promise<{ key: Buffer; master: MasterCandidate }> {
  const sealed = Buffer.from(key.wrapped, "base64");
  for (const master of candidates) {
    const kek = await deriveKey(master.secret, Buffer.from(key.salt, "base64"), key.iterations);
    const opened = gcmOpen(kek, sealed.subarray(0, NONCE_BYTES), sealed.subarray(NONCE_BYTES), about(id, key));
    if (opened?.length === KEY_BYTES) {
      return { key: opened, master };
    }
  }
  const sources = [...new Set(candidates.map(({ source }) => source))].join(" and ");
  throw new AppError(
    "CANNOT_DECRYPT",
    `The master secret from ${sources} does not open ${name}: it is not the one that the backup was made with, or the beginning of the file ` +
      "was changed. Give the master secret of that time with --master-key-file. Nothing was changed.",
  );
}

const about = (id: string, { kdf, iterations, salt }: Omit<WrappedKey, "wrapped">): Buffer =>
  Buffer.from(`openclaw backup|${id}|${kdf}|${iterations}|${salt}`, "utf8");

interface MasterPlaces {
  /** A file named on the command line: a passphrase, or a copy of a home's `keys/master-secret`. */
  file: string | undefined;
  env: Pick<Env, "OPENCLAW_MASTER_KEY" | "OPENCLAW_MASTER_KEY_FILE">;
  /** Homes whose own secret is tried, in this order. */
  homes: readonly Pick<HomePaths, "keysDir">[];
}

/**
 * The secrets to try. A file is tried both as a passphrase and as a home's secret: a copied `keys/master-secret` cannot be told from a passphrase.
 * @throws AppError("NOT_CONFIGURED") when there is none.
 */
export function masterCandidates({ file, env, homes }: MasterPlaces): MasterCandidate[] {
  if (file !== undefined) {
    return readings(file, {});
  }
  if (env.OPENCLAW_MASTER_KEY !== undefined || env.OPENCLAW_MASTER_KEY_FILE !== undefined) {
    return readings(env.OPENCLAW_MASTER_KEY === undefined ? env.OPENCLAW_MASTER_KEY_FILE : undefined, env);
  }
  const found: MasterCandidate[] = [];
  let missing: unknown;
  for (const home of homes) {
    try {
      found.push({ ...readMasterSecret(home, {}, false), fromHome: true });
    } catch (error) {
      missing = error;
    }
  }
  if (found.length === 0) {
    throw new AppError(
      "NOT_CONFIGURED",
      "There is no master secret to open the backup with. Name a file that holds it with --master-key-file, or set OPENCLAW_MASTER_KEY or OPENCLAW_MASTER_KEY_FILE.",
      { cause: missing },
    );
  }
  return found;
}

function readings(file: string | undefined, env: MasterPlaces["env"]): MasterCandidate[] {
  const found: MasterCandidate[] = [];
  if (file !== undefined) {
    const bytes = Buffer.from(readSecretText(file).trim(), "base64");
    if (bytes.length === KEY_BYTES) {
      found.push({ secret: bytes, source: file, fromHome: true });
    }
  }
  const named = file === undefined ? env : { OPENCLAW_MASTER_KEY_FILE: file };
  try {
    found.push({ ...readMasterSecret({ keysDir: "" }, named, false), fromHome: false });
  } catch (error) {
    // Too short for a passphrase, and no home's secret either.
    if (found.length === 0 || !isAppError(error)) {
      throw error;
    }
  }
  return found;
}

function readSecretText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new AppError(
      "NOT_CONFIGURED",
      `The file with the master key cannot be read: ${messageOf(error)}. Correct the path.`,
      { cause: error },
    );
  }
}

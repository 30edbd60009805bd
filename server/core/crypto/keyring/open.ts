/**
 * The keyring of a running process: opened once, then kept in memory. A key that another process added is found by looking at the file again;
 * what opens the keys of a purpose does not change, so that a rotated master secret disturbs nobody who is running.
 */
import { randomBytes } from "node:crypto";
import type { DataKey } from "#server/core/crypto/aead.ts";
import {
  createKeyringFile,
  KEY_PURPOSES,
  keyringFile,
  makeKey,
  openKeys,
  purposeKeys,
  readKeyringFile,
  type KeyPurpose,
  type KeyringFile,
  type OpenedKey,
  type PurposeKeys,
} from "#server/core/crypto/keyring/file.ts";
import { readMasterSecret, type MasterEnv, type MasterSecret } from "#server/core/crypto/keyring/master-secret.ts";
import { existingKeyring, newSlot, unlock } from "#server/core/crypto/keyring/unlock.ts";
import type { Env } from "#server/core/env.ts";
import { AppError } from "#server/core/errors.ts";
import { fileFacts } from "#server/core/file-facts.ts";
import type { HomePaths } from "#server/core/paths.ts";

/** What OWASP advises for PBKDF2 with SHA-256. */
export const DEFAULT_ITERATIONS = 600_000;

export interface Keyring {
  /** The key that new values of this purpose are sealed with. A rotation takes effect within a second. */
  current(purpose: KeyPurpose): DataKey;
  /** The key with this id if it is of this purpose. */
  find(purpose: KeyPurpose, id: string): DataKey | undefined;
  /** All keys that this process may use, oldest first. */
  list(): readonly OpenedKey[];
  /** `OPENCLAW_KEY_ACCESS` for a process that is to use the keys of these purposes and no others. A secret. */
  accessTo(purposes: readonly KeyPurpose[]): string;
  /** Rounds of the slot that the master secret opened; null for a process that was given access without it. */
  readonly iterations: number | null;
}

export type KeyringEnv = MasterEnv & Pick<Env, "OPENCLAW_KEY_ACCESS">;

interface OpenOptions {
  /** Rounds for a keyring that is made now; default 600,000. */
  iterations?: number | undefined;
}

/**
 * Opens the home's keyring: for the purposes in `OPENCLAW_KEY_ACCESS` where the supervisor set it, else all of it with the master secret. It is
 * made, and the home's own master secret with it, where there is none yet.
 * @throws AppError("NOT_CONFIGURED") when the master secret is missing or is not the one of this keyring, AppError("CONFIG_INVALID") when the
 * file is damaged. Nothing is ever replaced by a new key: that would make everything that is stored unreadable.
 */
export async function openKeyring(
  paths: Pick<HomePaths, "keysDir">,
  env: KeyringEnv,
  options: OpenOptions = {},
): Promise<Keyring> {
  if (env.OPENCLAW_KEY_ACCESS !== undefined) {
    const { file, content } = existingKeyring(paths);
    return keyringOf(file, parseAccess(env.OPENCLAW_KEY_ACCESS), content, null);
  }
  const file = keyringFile(paths);
  let content = readKeyringFile(file);
  const master = readMasterSecret(paths, env, content === null);
  if (content === null) {
    createKeyringFile(file, await newKeyring(master, options.iterations ?? DEFAULT_ITERATIONS));
    content = readKeyringFile(file);
  }
  if (content === null) {
    throw new AppError("CONFIG_INVALID", `The keyring ${file} vanished while it was being made. Start again.`);
  }
  const { root, iterations } = await unlock(content, master, file);
  const wrapping = purposeKeys(root);
  root.fill(0);
  return keyringOf(file, wrapping, content, iterations);
}

function parseAccess(text: string): PurposeKeys {
  const access = new Map<KeyPurpose, Uint8Array>();
  for (const part of text.split(",")) {
    const [name, encoded = ""] = part.split(":");
    const purpose = KEY_PURPOSES.find((known) => known === name);
    const key = Buffer.from(encoded, "base64url");
    if (purpose === undefined || key.length !== 32) {
      throw new AppError("NOT_CONFIGURED", "OPENCLAW_KEY_ACCESS is not as the supervisor sets it. Unset it.");
    }
    access.set(purpose, key);
  }
  return access;
}

async function newKeyring(master: MasterSecret, iterations: number): Promise<KeyringFile> {
  const root = randomBytes(32);
  const wrapping = purposeKeys(root);
  const now = new Date();
  return {
    version: 1,
    slots: [await newSlot(master, root, iterations)],
    keys: KEY_PURPOSES.map((purpose) => makeKey(wrapping, purpose, now)),
  };
}

/** How often the file is looked at for keys that another process has added (milliseconds). */
const LOOK_EVERY_MS = 1_000;

function keyringOf(file: string, wrapping: PurposeKeys, first: KeyringFile, iterations: number | null): Keyring {
  let facts = fileFacts(file);
  let keys = openKeys(first, wrapping);
  let lookedAt = performance.now();

  function look(): void {
    lookedAt = performance.now();
    const now = fileFacts(file);
    if (now === facts) {
      return;
    }
    const content = readKeyringFile(file);
    // A file that is gone for a moment, or one of another keyring, takes nothing away from a process that is running.
    if (content !== null) {
      keys = openKeys(content, wrapping);
    }
    facts = now;
  }

  function newest(purpose: KeyPurpose): OpenedKey {
    const found = keys.findLast((entry) => entry.purpose === purpose);
    if (found === undefined && !wrapping.has(purpose)) {
      throw new AppError("NOT_CONFIGURED", `This process was given no keys for ${purpose}. The supervisor gives them.`);
    }
    if (found === undefined) {
      throw new AppError("CONFIG_INVALID", `The keyring ${file} has no key for ${purpose}. Restore it from a backup.`);
    }
    return found;
  }

  const known = (purpose: KeyPurpose, id: string): OpenedKey | undefined =>
    keys.find((entry) => entry.id === id && entry.purpose === purpose);

  return {
    iterations,
    current(purpose) {
      const isKnown = keys.some((entry) => entry.purpose === purpose);
      if (!isKnown || performance.now() - lookedAt > LOOK_EVERY_MS) {
        look();
      }
      return newest(purpose);
    },
    find(purpose, id) {
      const found = known(purpose, id);
      if (found === undefined) {
        look();
      }
      return found ?? known(purpose, id);
    },
    list: () => keys,
    accessTo: (purposes) =>
      purposes
        .map((purpose) => `${purpose}:${Buffer.from(wrapping.get(purpose) ?? []).toString("base64url")}`)
        .join(","),
  };
}

/**
 * The keyring of a running process: unwrapped once with the master secret, then kept in memory. A key that another process added is found by
 * looking at the file again; the root key does not change, so that a rotated master secret disturbs nobody who is running.
 */
import { randomBytes } from "node:crypto";
import { fileFacts } from "#server/core/file-facts.ts";
import type { DataKey } from "#server/core/crypto/aead.ts";
import {
  createKeyringFile,
  KEY_PURPOSES,
  keyringFile,
  makeKey,
  makeSlot,
  openKeys,
  openSlot,
  readKeyringFile,
  replaceKeyringFile,
  type KeyPurpose,
  type KeyringFile,
  type OpenedKey,
} from "#server/core/crypto/keyring/file.ts";
import {
  deriveKey,
  readMasterSecret,
  type MasterEnv,
  type MasterSecret,
} from "#server/core/crypto/keyring/master-secret.ts";
import { AppError } from "#server/core/errors.ts";
import type { HomePaths } from "#server/core/paths.ts";

export type { KeyPurpose, OpenedKey } from "#server/core/crypto/keyring/file.ts";
export { KEY_PURPOSES, keyringFile } from "#server/core/crypto/keyring/file.ts";
export type { MasterSecret } from "#server/core/crypto/keyring/master-secret.ts";
export {
  deriveKey,
  masterSecretFile,
  MIN_MASTER_CHARACTERS,
  passphrase,
  readMasterSecret,
} from "#server/core/crypto/keyring/master-secret.ts";

/** What OWASP advises for PBKDF2 with SHA-256. */
export const DEFAULT_ITERATIONS = 600_000;

export interface Keyring {
  /** The key that new values of this purpose are sealed with. A rotation takes effect within a second. */
  current(purpose: KeyPurpose): DataKey;
  /** The key with this id if it is of this purpose. */
  find(purpose: KeyPurpose, id: string): DataKey | undefined;
  /** All keys, oldest first. */
  list(): readonly OpenedKey[];
  /** Rounds of the slot that the master secret opened. */
  readonly iterations: number;
}

interface OpenOptions {
  /** Rounds for a keyring that is made now; default 600,000. */
  iterations?: number | undefined;
}

/**
 * Opens the home's keyring; makes it, and the home's own master secret, where there is none yet.
 * @throws AppError("NOT_CONFIGURED") when the master secret is missing or is not the one of this keyring, AppError("CONFIG_INVALID") when the
 * file is damaged. Nothing is ever replaced by a new key: that would make everything that is stored unreadable.
 */
export async function openKeyring(
  paths: Pick<HomePaths, "keysDir">,
  env: MasterEnv,
  options: OpenOptions = {},
): Promise<Keyring> {
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
  return keyringOf(file, root, content, iterations);
}

async function newKeyring(master: MasterSecret, iterations: number): Promise<KeyringFile> {
  const root = randomBytes(32);
  const now = new Date();
  return {
    version: 1,
    slots: [await newSlot(master, root, iterations)],
    keys: KEY_PURPOSES.map((purpose) => makeKey(root, purpose, now)),
  };
}

async function newSlot(master: MasterSecret, root: Buffer, iterations: number) {
  const salt = randomBytes(16);
  return makeSlot(await deriveKey(master.secret, salt, iterations), root, salt, iterations);
}

async function unlock(
  content: KeyringFile,
  master: MasterSecret,
  file: string,
): Promise<{ root: Buffer; iterations: number; slotId: string }> {
  for (const slot of content.slots) {
    const kek = await deriveKey(master.secret, Buffer.from(slot.salt, "base64"), slot.iterations);
    const root = openSlot(slot, kek);
    if (root !== null) {
      return { root, iterations: slot.iterations, slotId: slot.id };
    }
  }
  throw new AppError(
    "NOT_CONFIGURED",
    `The master secret from ${master.source} does not open the keyring ${file}. Give the one it was made with; nothing was changed.`,
  );
}

/** How often the file is looked at for keys that another process has added (milliseconds). */
const LOOK_EVERY_MS = 1_000;

function keyringOf(file: string, root: Buffer, first: KeyringFile, iterations: number): Keyring {
  let facts = fileFacts(file);
  let keys = openKeys(first, root);
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
      keys = openKeys(content, root);
    }
    facts = now;
  }

  function newest(purpose: KeyPurpose): OpenedKey {
    const found = keys.findLast((entry) => entry.purpose === purpose);
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
      if (performance.now() - lookedAt > LOOK_EVERY_MS) {
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
  };
}

interface MasterChange {
  /** Rounds of the new slot. */
  iterations: number;
  /** Puts the new secret where it is read from and the change on record; when it fails, the keyring is put back. */
  store?: () => Promise<void>;
  /** Keeps the old secret good until a start with the new one has succeeded (`dropRetiringSlots`). */
  keepOld?: boolean;
}

/**
 * Gives the keyring a new master secret or other rounds: one new slot takes the place of the one `from` opens. Data keys stay, and so does
 * everything sealed with them. While `store` runs, both secrets open the keyring, so that a crash at any moment leaves one that does.
 */
export async function changeMasterSecret(
  paths: Pick<HomePaths, "keysDir">,
  from: MasterSecret,
  to: MasterSecret,
  { iterations, store, keepOld = false }: MasterChange,
): Promise<void> {
  const file = keyringFile(paths);
  const content = existing(file);
  const { root, slotId } = await unlock(content, from, file);
  const slot = await newSlot(to, root, iterations);
  replaceKeyringFile(file, { ...content, slots: [slot, ...content.slots] });
  try {
    await store?.();
  } catch (error) {
    replaceKeyringFile(file, content);
    throw error;
  }
  const others = content.slots.filter(({ id }) => id !== slotId);
  const old = content.slots.filter(({ id }) => id === slotId).map((kept) => ({ ...kept, retiring: true as const }));
  replaceKeyringFile(file, { ...content, slots: keepOld ? [slot, ...others, ...old] : [slot, ...others] });
}

/** Ends replaced master secrets once `master` has proven to be the new one. @returns true when there were any. */
export async function dropRetiringSlots(paths: Pick<HomePaths, "keysDir">, master: MasterSecret): Promise<boolean> {
  const file = keyringFile(paths);
  const content = existing(file);
  if (!content.slots.some(({ retiring }) => retiring === true)) {
    return false;
  }
  const { slotId } = await unlock(content, master, file);
  const isNew = content.slots.some(({ id, retiring }) => id === slotId && retiring !== true);
  if (isNew) {
    replaceKeyringFile(file, { ...content, slots: content.slots.filter(({ retiring }) => retiring !== true) });
  }
  return isNew;
}

/** Adds a data key that new values of `purpose` are sealed with from now on; the old ones go on opening what they sealed. @returns its id. */
export async function addDataKey(
  paths: Pick<HomePaths, "keysDir">,
  master: MasterSecret,
  purpose: KeyPurpose,
): Promise<string> {
  const file = keyringFile(paths);
  const content = existing(file);
  const { root } = await unlock(content, master, file);
  const added = makeKey(root, purpose, new Date());
  replaceKeyringFile(file, { ...content, keys: [...content.keys, added] });
  return added.id;
}

function existing(file: string): KeyringFile {
  const content = readKeyringFile(file);
  if (content === null) {
    throw new AppError("NOT_CONFIGURED", `There is no keyring at ${file} yet. Start the gateway once: npm start`);
  }
  return content;
}

/** Changes of the keyring that leave everything that is stored as it is. */
import { makeKey, purposeKeys, replaceKeyringFile, type KeyPurpose } from "#server/core/crypto/keyring/file.ts";
import type { MasterSecret } from "#server/core/crypto/keyring/master-secret.ts";
import { existingKeyring, newSlot, unlock } from "#server/core/crypto/keyring/unlock.ts";
import type { HomePaths } from "#server/core/paths.ts";

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
  const { file, content } = existingKeyring(paths);
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
  const { file, content } = existingKeyring(paths);
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

/**
 * Adds a data key for each of `purposes`, with which new values are sealed from now on; the old ones go on opening what they sealed.
 * @returns their ids in the same order.
 */
export async function addDataKeys(
  paths: Pick<HomePaths, "keysDir">,
  master: MasterSecret,
  purposes: readonly KeyPurpose[],
): Promise<{ purpose: KeyPurpose; id: string }[]> {
  const { file, content } = existingKeyring(paths);
  const wrapping = purposeKeys((await unlock(content, master, file)).root);
  const added = purposes.map((purpose) => makeKey(wrapping, purpose, new Date()));
  replaceKeyringFile(file, { ...content, keys: [...content.keys, ...added] });
  return added.map(({ purpose, id }) => ({ purpose, id }));
}

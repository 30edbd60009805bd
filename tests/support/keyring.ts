/** A keyring for tests that need one and no home of their own: real keys, few rounds, gone with the process. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  addDataKeys,
  openKeyring,
  readMasterSecret,
  type Keyring,
  type KeyPurpose,
} from "#server/core/crypto/keyring/index.ts";

/** @param keysDir a home's own folder; default: one that is removed again, since the keys stay in memory. */
export async function openTestKeyring(keysDir?: string): Promise<Keyring> {
  const folder = keysDir ?? mkdtempSync(join(tmpdir(), "openclaw-keys-"));
  const keyring = await openKeyring({ keysDir: folder }, {}, { iterations: 1_000 });
  if (keysDir === undefined) {
    rmSync(folder, { recursive: true, force: true });
  }
  return keyring;
}

/** Gives a home a new data key. @returns its id. */
export async function rotateDataKey(paths: { keysDir: string }, purpose: KeyPurpose): Promise<string> {
  const [added] = await addDataKeys(paths, readMasterSecret(paths, {}, false), [purpose]);
  if (added === undefined) {
    throw new Error("no key was added");
  }
  return added.id;
}

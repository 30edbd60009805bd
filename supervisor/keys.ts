/** Opens the home's keyring before anything is started: a wrong master secret is said once, in words, instead of by each process. */
import type { Env } from "#server/core/env.ts";
import {
  addDataKeys,
  changeMasterSecret,
  dropRetiringSlots,
  KEY_PURPOSES,
  openKeyring,
  readMasterSecret,
  type Keyring,
} from "#server/core/crypto/keyring/index.ts";
import type { HomePaths } from "#server/core/paths.ts";
import type { Terminal } from "./terminal.ts";

interface UnlockOptions {
  paths: HomePaths;
  env: Env;
  /** Rounds of key derivation that the configuration asks for. */
  iterations: number;
  terminal: Terminal;
}

/**
 * The keyring, made at the first start. More rounds than it was made with wrap its root key anew; fewer change nothing, since a stolen copy of
 * the file would be as weak as the weakest slot it ever had.
 * @throws AppError("NOT_CONFIGURED") when the master secret is missing or another one.
 */
export async function unlockKeys({ paths, env, iterations, terminal }: UnlockOptions): Promise<Keyring> {
  const keyring = await terminal.step("Keys are unlocked", () => openKeyring(paths, env, { iterations }));
  const master = readMasterSecret(paths, env, false);
  // A keyring from before this version has no keys for what it did not know.
  const missing = KEY_PURPOSES.filter((purpose) => keyring.list().every((key) => key.purpose !== purpose));
  if (missing.length > 0) {
    await addDataKeys(paths, master, missing);
    terminal.info(`the keyring has new keys for ${missing.join(", ")}`);
  }
  if (await dropRetiringSlots(paths, master)) {
    terminal.info("the master key before this one no longer opens the keyring");
  }
  if (keyring.iterations === null || iterations <= keyring.iterations) {
    return keyring;
  }
  await changeMasterSecret(paths, master, master, { iterations });
  terminal.info(`the keyring is wrapped with ${iterations} rounds now (before: ${keyring.iterations})`);
  return keyring;
}

/** The home's keyring for one command. */
import { existsSync, mkdirSync } from "node:fs";
import type { CliContext } from "./context.ts";
import { holdsEncrypted, loadConfig, secretOpener, visibleText } from "#server/config/index.ts";
import { keyringFile, openKeyring, type Keyring } from "#server/core/crypto/keyring/index.ts";
import { readEnv } from "#server/core/env.ts";
import { AppError, messageOf } from "#server/core/errors.ts";

/** Opens the keyring, and makes it in a home that has none yet. @throws AppError("NOT_CONFIGURED") when the master secret is missing or wrong. */
export async function openOrMakeKeys({ paths }: CliContext): Promise<Keyring> {
  mkdirSync(paths.keysDir, { recursive: true, mode: 0o700 });
  const { iterations } = loadConfig(paths.configFile).config.security.encryption.database;
  return openKeyring(paths, readEnv(), { iterations });
}

/** For what was sealed before: a new keyring would open none of it. @throws AppError("NOT_CONFIGURED") also when there is no keyring. */
export async function openExistingKeys({ paths }: CliContext): Promise<Keyring> {
  if (!existsSync(keyringFile(paths))) {
    throw new AppError(
      "NOT_CONFIGURED",
      `There is no keyring at ${keyringFile(paths)}. Restore it from a backup: without it nothing that is encrypted can be read.`,
    );
  }
  return openKeyring(paths, readEnv());
}

/** The text of a secret of the configuration as it would stand there without encryption, references still in it. */
export async function plainSecret(context: CliContext, path: string, written: string): Promise<string> {
  const seen = visibleText(path, written, undefined);
  return seen ?? secretOpener(await openExistingKeys(context))(path, written);
}

/** The keyring is opened only where something is encrypted with it; without it nothing opens, which the check then says of each value. */
export async function openerFor(
  context: CliContext,
  text: string,
): Promise<ReturnType<typeof secretOpener> | undefined> {
  if (!holdsEncrypted(text)) {
    return undefined;
  }
  try {
    return secretOpener(await openExistingKeys(context));
  } catch (error) {
    context.err(messageOf(error));
    return () => {
      throw error;
    };
  }
}

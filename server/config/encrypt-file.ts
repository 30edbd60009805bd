/** `config encrypt` and `config decrypt`: what they would change in a file, and the change. */
import type { Keyring } from "#server/core/crypto/keyring/index.ts";
import { AppError } from "#server/core/errors.ts";
import { decryptTexts, encryptTexts, isToBeEncrypted, secretTexts } from "#server/config/encryption.ts";
import { readConfigFile, writeConfigFile } from "#server/config/file.ts";
import { parseJson5 } from "#server/config/json5/parse.ts";
import { loadConfig } from "#server/config/load.ts";
import { readConfigText } from "#server/config/read.ts";
import { openSource, sealSource } from "#server/config/sealed-secret.ts";

export interface CryptPlan {
  /** Key paths of the values that change, in the order of the file. */
  paths: readonly string[];
  /** Key paths of secrets that stay as they are, and why. */
  kept: readonly { path: string; reason: "reference" | "already encrypted" | "switched off" | "plain" }[];
  /** The new text; nothing is written yet. @throws AppError("CANNOT_DECRYPT") */
  convert(keyring: Keyring): string;
  /** @throws AppError("CONFLICT") when the file was changed meanwhile, AppError("CONFIG_INVALID") when it cannot be written. */
  write(converted: string): void;
}

/**
 * Only a configuration that loads is encrypted: in a faulty one a secret could stand at a key that is not known as one.
 * @throws AppError("NOT_FOUND") without a file, AppError("CONFIG_INVALID") naming every problem, AppError("NOT_CONFIGURED") when encryption
 * is switched off.
 */
export function planEncryption(file: string): CryptPlan {
  const text = existingText(file);
  const { config } = loadConfig(file, { text });
  if (!config.security.encryption.config.enabled) {
    throw new AppError(
      "NOT_CONFIGURED",
      `security.encryption.config.enabled is false in ${file}, so nothing was encrypted. Allow it first: openclaw config set security.encryption.config.enabled true`,
    );
  }
  const secrets = secretTexts(parseJson5(text).root);
  const chosen = secrets.filter((secret) => isToBeEncrypted(secret, config));
  return {
    paths: chosen.map(({ path }) => path),
    kept: secrets
      .filter((secret) => !chosen.includes(secret))
      .map(({ path, state }) => ({
        path,
        reason: state === "plain" ? "switched off" : state === "encrypted" ? "already encrypted" : "reference",
      })),
    convert(keyring) {
      const converted = encryptTexts(text, chosen, (path, source) => sealSource(keyring, path, source));
      const added = secretTexts(parseJson5(converted).root).filter(({ path }) =>
        chosen.some((secret) => secret.path === path),
      );
      const back = decryptTexts(converted, added, (path, sealed) => openSource(keyring, path, sealed));
      if (back !== text || readConfigText(converted).config === undefined) {
        throw new AppError(
          "INTERNAL",
          `Nothing was changed: decrypting what would be written does not give ${file} back. Please report this.`,
        );
      }
      return converted;
    },
    write: (converted) => writeUnlessChanged(file, text, converted),
  };
}

/** Works on any file that can be read as JSON5, whatever else is wrong with it. @throws AppError("NOT_FOUND"), AppError("CONFIG_INVALID") */
export function planDecryption(file: string): CryptPlan {
  const text = existingText(file);
  const { root, problems } = parseJson5(text);
  if (root === undefined || problems.length > 0) {
    throw new AppError(
      "CONFIG_INVALID",
      `${file} is not valid JSON5. See what is wrong with: openclaw config validate`,
    );
  }
  const secrets = secretTexts(root);
  const chosen = secrets.filter(({ state }) => state === "encrypted");
  return {
    paths: chosen.map(({ path }) => path),
    kept: secrets.flatMap(({ path, state }) => (state === "encrypted" ? [] : [{ path, reason: state }])),
    convert: (keyring) => decryptTexts(text, chosen, (path, sealed) => openSource(keyring, path, sealed)),
    write: (converted) => writeUnlessChanged(file, text, converted),
  };
}

export const holdsEncrypted = (text: string): boolean =>
  secretTexts(parseJson5(text).root).some(({ state }) => state === "encrypted");

function existingText(file: string): string {
  const text = readConfigFile(file);
  if (text === undefined) {
    throw new AppError("NOT_FOUND", `There is no file ${file}, so there is no secret in it.`);
  }
  return text;
}

function writeUnlessChanged(file: string, before: string, after: string): void {
  if (readConfigFile(file) !== before) {
    throw new AppError("CONFLICT", `${file} was changed meanwhile by somebody else. Nothing was written; try again.`);
  }
  writeConfigFile(file, after);
}

/** Secrets that come to a file whose other secrets are encrypted: they are encrypted too, however they are written into it. */
import type { Keyring } from "#server/core/crypto/keyring/index.ts";
import { encryptTexts, isToBeEncrypted, secretTexts } from "#server/config/encryption.ts";
import { parseJson5 } from "#server/config/json5/parse.ts";
import { readConfigText } from "#server/config/read.ts";
import { sealSource } from "#server/config/sealed-secret.ts";

type Secrets = ReturnType<typeof secretTexts>;

/** The plain secrets of `after` that are to be encrypted; none where `before` keeps its own in plain text or encryption is off. */
export function newSecrets(before: string, after: string): Secrets {
  const config = readConfigText(after).soundPart;
  const isSealing = secretTexts(parseJson5(before).root).some(({ state }) => state === "encrypted");
  return isSealing && config?.security.encryption.config.enabled === true
    ? secretTexts(parseJson5(after).root).filter((secret) => isToBeEncrypted(secret, config))
    : [];
}

export const encryptWith = (keyring: Keyring, text: string, secrets: Secrets): string =>
  encryptTexts(text, secrets, (path, source) => sealSource(keyring, path, source));

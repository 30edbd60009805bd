/**
 * Encrypted values of the file: `enc:v1:<base64>`, in the place of the value. What is sealed is the value as it stood in the text, quotes and
 * escapes included, so that decrypting gives back the same bytes; where it stands is bound to it, so that it opens at its own key only.
 */
import { keyIdOf, openBytes } from "#server/core/crypto/aead.ts";
import type { Keyring } from "#server/core/crypto/keyring/index.ts";
import { sealValue } from "#server/core/crypto/vault.ts";
import { AppError } from "#server/core/errors.ts";
import { parseJson5 } from "#server/config/json5/parse.ts";
import { SEALED_FORM } from "#server/config/sealed-form.ts";

const MARKER = "enc:v1:";

const contextOf = (path: string): string => `config|${path}`;

/** @param source the value as it stands in the text. @param path its key path. */
export const sealSource = (keyring: Keyring, path: string, source: string): string =>
  MARKER + sealValue(keyring, "config", Buffer.from(source, "utf8"), contextOf(path)).toString("base64");

/** What `sealSource` was given. @throws AppError("CANNOT_DECRYPT") that names the key path and what to do. */
export function openSource(keyring: Keyring, path: string, sealed: string): string {
  const [, version, base64] = SEALED_FORM.exec(sealed) ?? [];
  if (version !== "1") {
    throw cannotDecrypt(path, "is in the form of another version of this program");
  }
  const bytes = /^[A-Za-z0-9+/]+={0,2}$/.test(base64 ?? "") ? Buffer.from(base64 ?? "", "base64") : Buffer.alloc(0);
  const keyId = keyIdOf(bytes);
  if (keyId === null) {
    throw cannotDecrypt(path, "is cut or damaged");
  }
  const key = keyring.find("config", keyId);
  if (key === undefined) {
    throw cannotDecrypt(path, `was encrypted with the key ${keyId}, which is not in this home's keyring`);
  }
  const source = openBytes(key, bytes, contextOf(path));
  if (source === null) {
    throw cannotDecrypt(path, "was changed, or was encrypted for another key of the file");
  }
  return source.toString("utf8");
}

/** Opens encrypted values: the text that stands for them. */
export type OpenSecret = (path: string, sealed: string) => string;

export const secretOpener =
  (keyring: Keyring): OpenSecret =>
  (path, sealed) => {
    const { root } = parseJson5(openSource(keyring, path, sealed));
    if (root?.kind !== "scalar" || typeof root.value !== "string") {
      throw cannotDecrypt(path, "holds no text");
    }
    return root.value;
  };

const cannotDecrypt = (path: string, why: string): AppError =>
  new AppError(
    "CANNOT_DECRYPT",
    `${path} cannot be decrypted: it ${why}. Restore the file or keys/keyring.json from a backup, or write the value anew: openclaw config set ${path} -`,
    { details: { path } },
  );

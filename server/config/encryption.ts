/**
 * Encrypts and decrypts the secret values of a text in their places; every other byte, comments included, stays as it is. Pure but for what
 * it is given to seal and open with.
 */
import { entryAt } from "#server/config/catalogue.ts";
import type { Node } from "#server/config/json5/parse.ts";
import type { Path } from "#server/config/json5/value.ts";
import { formatPath } from "#server/config/path.ts";
import { isSealed } from "#server/config/sealed-form.ts";
import type { Config } from "#server/config/schema.ts";

/** A bare reference names a variable: no secret stands there, and it is shown. */
const ONLY_REFERENCES = /^(?:\$\{[A-Za-z_][A-Za-z0-9_]*\})+$/;

export const isReference = (value: string): boolean => ONLY_REFERENCES.test(value);

/** How a secret stands in the file. */
export const secretKept = (value: string): SecretText["state"] =>
  isSealed(value) ? "encrypted" : isReference(value) ? "reference" : "plain";

/** A text of the file that is a secret or encrypted. */
interface SecretText {
  steps: Path;
  /** Key path. */
  path: string;
  state: "plain" | "reference" | "encrypted";
  value: string;
  start: number;
  end: number;
}

/** In the order of the text; also those of keys that are written twice. */
export function secretTexts(node: Node | undefined, steps: Path = []): SecretText[] {
  switch (node?.kind) {
    case "object":
      return node.members.flatMap(({ key, value }) => secretTexts(value, [...steps, key]));
    case "array":
      return node.items.flatMap((item, index) => secretTexts(item, [...steps, index]));
    case "scalar": {
      const { value, start, end } = node;
      if (typeof value !== "string" || (!isSealed(value) && entryAt(steps)?.secret !== true)) {
        return [];
      }
      return [{ steps, path: formatPath(steps), state: secretKept(value), value, start, end }];
    }
    case "invalid":
    case undefined:
      return [];
  }
}

/** The switch of the configuration that decides whether a secret is encrypted; undefined for those that always are. */
function switchOf([first, second, third, fourth]: Path): "encryptApiKeys" | "encryptTokens" | undefined {
  if ((first === "security" && second === "apiKeys") || (first === "models" && fourth === "apiKey")) {
    return "encryptApiKeys";
  }
  return first === "gateway" && second === "token" && third === undefined ? "encryptTokens" : undefined;
}

export function isToBeEncrypted({ steps, state }: SecretText, { security }: Config): boolean {
  const name = switchOf(steps);
  return state === "plain" && (name === undefined || security.encryption.config[name]);
}

/** @param seal gets the key path and the value as it stands in the text, quotes included. */
export function encryptTexts(
  text: string,
  secrets: readonly SecretText[],
  seal: (path: string, source: string) => string,
): string {
  return replaced(text, secrets, ({ path, start, end }) => JSON.stringify(seal(path, text.slice(start, end))));
}

/** @param openSource gives back what `seal` got. */
export function decryptTexts(
  text: string,
  secrets: readonly SecretText[],
  openSource: (path: string, sealed: string) => string,
): string {
  return replaced(text, secrets, ({ path, value }) => openSource(path, value));
}

function replaced(text: string, secrets: readonly SecretText[], print: (secret: SecretText) => string): string {
  let end = 0;
  const parts: string[] = [];
  for (const secret of secrets) {
    parts.push(text.slice(end, secret.start), print(secret));
    end = secret.end;
  }
  return parts.join("") + text.slice(end);
}

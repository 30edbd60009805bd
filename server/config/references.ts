/**
 * Secrets as the file holds them: `${NAME}` references and encrypted values. The configuration keeps them as written; a value is put together
 * only where it is used.
 * Threat: an expanded or decrypted secret that is kept could be written back to the file, shown or logged.
 */
import { AppError } from "#server/core/errors.ts";
import { lookupVariable } from "#server/core/env.ts";
import { isSealed } from "#server/config/sealed-form.ts";
import type { OpenSecret } from "#server/config/sealed-secret.ts";

const REFERENCE = /\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g;

export type Lookup = (variable: string) => string | undefined;

/** What secrets are put together from. */
export interface SecretSource {
  /** Finds the variables that `${NAME}` refers to. */
  lookup: Lookup;
  /** Opens encrypted values; undefined in a process that was not given the keyring, where they are neither used nor judged. */
  open?: OpenSecret | undefined;
}

/**
 * For processes that use no secret of the configuration and are not given any: whether the variables are set and good enough is for the one
 * that uses them to check. Any value that the checks accept.
 */
export const lookupNothing: Lookup = () => "in-another-process-9f41c07b";

/** Names of the variables that `value` refers to. */
export function referencesOf(value: string): string[] {
  return [...value.matchAll(REFERENCE)].map(([, variable]) => variable ?? "");
}

/**
 * The value that `value` stands for: decrypted, its references filled in from the environment.
 * @param path key path, named in the error.
 * @param source default: this process' environment and no keyring.
 * @throws AppError("NOT_CONFIGURED") that names the key and the missing variable or keyring, AppError("CANNOT_DECRYPT") that names the key.
 */
export function resolveSecret(
  path: string,
  value: string,
  { lookup = lookupVariable, open }: Partial<SecretSource> = {},
): string {
  const text = writtenText(path, value, open);
  if (!text.includes("${")) {
    return text;
  }
  return text.replace(REFERENCE, (_, variable: string) => {
    const found = lookup(variable);
    if (found === undefined) {
      throw new AppError(
        "NOT_CONFIGURED",
        `${path} refers to the environment variable ${variable}, which is not set. Set ${variable} and restart, or write another value.`,
        { details: { path, variable } },
      );
    }
    return found;
  });
}

function writtenText(path: string, value: string, open: OpenSecret | undefined): string {
  if (!isSealed(value)) {
    return value;
  }
  if (open === undefined) {
    throw new AppError(
      "NOT_CONFIGURED",
      `${path} is encrypted, and this process has no keyring to open it with. Write it in plain text or as \${NAME}: openclaw config decrypt`,
      { details: { path } },
    );
  }
  return open(path, value);
}

/** For checks: the text before its references are filled in, or undefined when it cannot be seen. */
export function visibleText(path: string, value: string, open: OpenSecret | undefined): string | undefined {
  if (open === undefined && isSealed(value)) {
    return undefined;
  }
  try {
    return writtenText(path, value, open);
  } catch {
    // `secretFindings` says why.
    return undefined;
  }
}

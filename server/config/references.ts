/**
 * `${NAME}` references. The configuration keeps them as written; a value is put together only where it is used.
 * Threat: an expanded secret that is kept could be written back to the file, shown or logged.
 */
import { AppError } from "#server/core/errors.ts";
import { lookupVariable } from "#server/core/env.ts";

const REFERENCE = /\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g;

export type Lookup = (variable: string) => string | undefined;

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
 * The value with its references filled in from the environment.
 * @param path key path, named in the error.
 * @throws AppError("NOT_CONFIGURED") that names the key and the missing variable.
 */
export function resolveSecret(path: string, value: string, lookup: Lookup = lookupVariable): string {
  return value.replace(REFERENCE, (_, variable: string) => {
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

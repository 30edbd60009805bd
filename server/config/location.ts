/** Paths of the configuration → absolute paths of this machine. */
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import type { HomePaths } from "#server/core/paths.ts";
import { resolveSecret } from "#server/config/references.ts";

const DEFAULT_HOME = /^~\/\.openclaw(?=\/|$)/;

/**
 * `~/.openclaw` means the OpenClaw home, also where `OPENCLAW_HOME` moves it; `~` the account's home; a relative path starts at the
 * OpenClaw home. References are filled in.
 * @param path key path, named in the error.
 * @throws AppError("NOT_CONFIGURED") when a referenced variable is missing.
 */
export function resolveLocation(path: string, written: string, paths: Pick<HomePaths, "home">): string {
  const filled = resolveSecret(path, written);
  if (DEFAULT_HOME.test(filled)) {
    return resolve(filled.replace(DEFAULT_HOME, () => paths.home));
  }
  return filled === "~" || filled.startsWith("~/") ? join(homedir(), filled.slice(1)) : resolve(paths.home, filled);
}

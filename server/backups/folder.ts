/** Where the backups of a home lie. */
import { loadConfig, resolveLocation } from "#server/config/index.ts";
import type { HomePaths } from "#server/core/paths.ts";

/** The folder of backups of a home. @throws AppError("CONFIG_INVALID"). */
export function backupFolder(paths: HomePaths): string {
  const { backupPath } = loadConfig(paths.configFile).config.security.storage;
  return resolveLocation("security.storage.backupPath", backupPath, paths);
}

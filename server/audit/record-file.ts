/** Where the record's file lies. */
import { loadConfig, resolveLocation } from "#server/config/index.ts";
import type { HomePaths } from "#server/core/paths.ts";

/** Absolute path behind `logging.audit.file`. @throws AppError("CONFIG_INVALID") when the configuration cannot be loaded. */
export function recordFile(paths: HomePaths): string {
  const { file } = loadConfig(paths.configFile).config.logging.audit;
  return resolveLocation("logging.audit.file", file, paths);
}

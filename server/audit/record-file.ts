/** Where the record's files lie. */
import { join } from "node:path";
import { loadConfig, resolveLocation } from "#server/config/index.ts";
import type { HomePaths } from "#server/core/paths.ts";

/** As written by default; then it lies with the other logs. */
const DEFAULT_FILE = "~/.openclaw/logs/audit.log";

/** Absolute path behind `logging.audit.file`. @throws AppError("CONFIG_INVALID") when the configuration cannot be loaded. */
export function recordFile(paths: HomePaths): string {
  const { logging, security } = loadConfig(paths.configFile).config;
  return logging.audit.file === DEFAULT_FILE
    ? join(resolveLocation("security.storage.logPath", security.storage.logPath, paths), "audit.log")
    : resolveLocation("logging.audit.file", logging.audit.file, paths);
}

/** Absolute path of the security log. @throws AppError("CONFIG_INVALID") when the configuration cannot be loaded. */
export function securityLogFile(paths: HomePaths): string {
  const { logPath } = loadConfig(paths.configFile).config.security.storage;
  return join(resolveLocation("security.storage.logPath", logPath, paths), "security.log");
}

/**
 * `security.storage` as places of this machine (DATA-4).
 * Threat: logs or backups in a folder that holds something else, where rotation and retention delete files and others may read.
 */
import { realpathSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, relative, sep } from "node:path";
import { AppError, messageOf } from "#server/core/errors.ts";
import type { HomePaths } from "#server/core/paths.ts";
import { resolveLocation } from "#server/config/location.ts";
import type { Finding } from "#server/config/problems.ts";
import { formatPath } from "#server/config/path.ts";
import type { Config } from "#server/config/schema.ts";

const BASE = ["security", "storage"] as const;
/** As written by default; then the file may be anywhere. */
const DEFAULT_CONFIG_PATH = "~/.openclaw/config";
const NOT_ON_DISK = ["/proc", "/sys", "/dev"];
/** Others keep their files directly in these. */
const SHARED = ["/etc", "/home", "/opt", "/root", "/srv", "/tmp", "/usr", "/var", "/var/lib", "/var/log", "/var/tmp"];

/** The paths of a home with the folders that its configuration names. @throws AppError("NOT_CONFIGURED") for a missing variable. */
export function storagePaths({ security: { storage } }: Config, paths: HomePaths): HomePaths {
  return {
    ...paths,
    logsDir: resolveLocation(formatPath([...BASE, "logPath"]), storage.logPath, paths),
    backupsDir: resolveLocation(formatPath([...BASE, "backupPath"]), storage.backupPath, paths),
  };
}

/** What speaks against the places that a configuration names. Looks at the file system. */
export function storageFindings(config: Config, paths: HomePaths): Finding[] {
  const { storage } = config.security;
  const findings: Finding[] = [];
  const at = (key: "configPath" | "logPath" | "backupPath", check: (folder: string) => string | undefined): void => {
    const path = [...BASE, key];
    try {
      const reason = check(resolveLocation(formatPath(path), storage[key], paths));
      if (reason !== undefined) {
        findings.push({ severity: "error", path, reason, fix: FIXES[key] });
      }
    } catch (error) {
      const reason = messageOf(error)
        .replace(`${formatPath(path)} `, "")
        .replace(/\.$/, "");
      findings.push({ severity: "error", path, reason, fix: FIXES[key] });
    }
  };
  at("configPath", (folder) => (storage.configPath === DEFAULT_CONFIG_PATH ? undefined : misplaced(folder, paths)));
  at("logPath", (folder) => unsuitable(folder, paths, "logs"));
  at("backupPath", (folder) => unsuitable(folder, paths, "backups"));
  if (findings.length === 0) {
    const { logsDir, backupsDir } = storagePaths(config, paths);
    if (contains(logsDir, backupsDir) || contains(backupsDir, logsDir)) {
      const reason = `and security.storage.logPath lie in each other: ${backupsDir} and ${logsDir}`;
      findings.push({ severity: "error", path: [...BASE, "backupPath"], reason, fix: FIXES.backupPath });
    }
  }
  return findings;
}

/** @throws AppError("CONFIG_INVALID") naming the first place that cannot be used. */
export function assertStorage(config: Config, paths: HomePaths): void {
  const [finding] = storageFindings(config, paths);
  if (finding !== undefined) {
    throw new AppError("CONFIG_INVALID", `${formatPath(finding.path)}: ${finding.reason}. ${finding.fix}`);
  }
}

const FIXES = {
  configPath: "Remove the key, or move the file there and name it with OPENCLAW_CONFIG or --config.",
  logPath: "Remove the key, or name a folder for logs alone.",
  backupPath: "Remove the key, or name a folder for backups alone.",
} as const;

function misplaced(folder: string, { configFile }: HomePaths): string | undefined {
  const actual = dirname(configFile);
  return [actual, dirname(realPath(configFile))].some((place) => realPath(place) === realPath(folder))
    ? undefined
    : `names ${folder}, but the configuration in use is ${configFile}`;
}

function unsuitable(folder: string, paths: HomePaths, what: "logs" | "backups"): string | undefined {
  const real = realPath(folder);
  if (contains(real, realPath(paths.home))) {
    return `${folder} is not a folder for ${what} alone: the whole home ${paths.home} lies in it`;
  }
  const { configDir, dataDir, quarantineDir, keysDir, runDir, cacheDir } = paths;
  const taken = [configDir, dataDir, quarantineDir, keysDir, runDir, cacheDir, ...NOT_ON_DISK];
  const owner = taken.find((other) => contains(realPath(other), real));
  if (owner !== undefined) {
    return `${folder} lies in ${owner}, which is for something else`;
  }
  if ([...SHARED, homedir()].some((other) => realPath(other) === real)) {
    return `${folder} is shared with others. Name a folder below it`;
  }
  return isOtherThanFolder(real) ? `${folder} is there and is no folder` : undefined;
}

/** Whether `inner` is `outer` or lies below it. */
function contains(outer: string, inner: string): boolean {
  const way = relative(outer, inner);
  return way === "" || (way !== ".." && !way.startsWith(`..${sep}`));
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : `${realPath(parent)}${path.slice(parent === "/" ? 0 : parent.length)}`;
  }
}

function isOtherThanFolder(path: string): boolean {
  const facts = statSync(path, { throwIfNoEntry: false });
  return facts !== undefined && !facts.isDirectory();
}

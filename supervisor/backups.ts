/** The schedule of backups of a home, as its configuration says. */
import { backupFolder, findBackups } from "#server/backups/index.ts";
import { loadConfig } from "#server/config/index.ts";
import { childEnvironment, type Env } from "#server/core/env.ts";
import type { HomePaths } from "#server/core/paths.ts";
import { runBackupProcess, startBackupSchedule, type BackupSchedule } from "./backup-schedule.ts";
import type { StartOptions } from "./options.ts";
import type { Terminal } from "./terminal.ts";

interface BackupsOptions {
  /** Folder of the program. */
  project: string;
  paths: HomePaths;
  options: Pick<StartOptions, "only">;
  env: Env;
  terminal: Terminal;
}

/** Null where only the worker runs: the machine of the server makes the backups. */
export function openBackupSchedule({ project, paths, options, env, terminal }: BackupsOptions): BackupSchedule | null {
  if (options.only.length > 0 && options.only.every((part) => part === "worker")) {
    return null;
  }
  return startBackupSchedule({
    interval: () => loadConfig(paths.configFile).config.security.storage.backupInterval,
    newest: () => findBackups(backupFolder(paths))[0]?.createdAt ?? null,
    make: (signal) => runBackupProcess({ cwd: project, env: environment(paths, env), signal }),
    onFailure: (why, waitMs) =>
      terminal.warn(`no backup was made: ${why} It is tried again in ${Math.round(waitMs / 60_000)} min`),
  });
}

/** The command reads the connection from the home and the master secret as the supervisor has it. */
const environment = (paths: HomePaths, env: Env): NodeJS.ProcessEnv =>
  childEnvironment({
    OPENCLAW_HOME: paths.home,
    OPENCLAW_CONFIG: paths.configFile,
    OPENCLAW_MASTER_KEY: env.OPENCLAW_MASTER_KEY,
    OPENCLAW_MASTER_KEY_FILE: env.OPENCLAW_MASTER_KEY_FILE,
    NODE_ENV: "production",
  });

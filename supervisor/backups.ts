/** The schedule of backups of a home, as its configuration says. */
import { backupFolder, findBackups, placeOf } from "#server/backups/index.ts";
import { loadConfig } from "#server/config/index.ts";
import { childEnvironment, type Env } from "#server/core/env.ts";
import type { HomePaths } from "#server/core/paths.ts";
import { runBackupProcess } from "./backup-process.ts";
import { serveBackupRequests } from "./backup-requests.ts";
import { startBackupSchedule, type BackupSchedule } from "./backup-schedule.ts";
import type { StartOptions } from "./options.ts";
import type { Terminal } from "./terminal.ts";

interface BackupsOptions {
  /** Folder of the program. */
  project: string;
  paths: HomePaths;
  options: Pick<StartOptions, "only">;
  env: Env;
  ownerUrl: string;
  terminal: Terminal;
}

/** Null where only the worker runs: the machine of the server makes the backups. */
export function openBackupSchedule({
  project,
  paths,
  options,
  env,
  ownerUrl,
  terminal,
}: BackupsOptions): BackupSchedule | null {
  if (options.only.length > 0 && options.only.every((part) => part === "worker")) {
    return null;
  }
  const requests = serveBackupRequests({
    ownerUrl,
    place: placeOf(paths),
    cwd: project,
    env: environment(paths, env),
    onTrouble: (why) => terminal.warn(`what the console asks of backups waits: ${why}`),
  });
  const schedule = startBackupSchedule({
    interval: () => loadConfig(paths.configFile).config.security.storage.backupInterval,
    newest: () => findBackups(backupFolder(paths))[0]?.createdAt ?? null,
    make: async (signal) => {
      const args = ["backup-config", "--scheduled", "--json"];
      return (await runBackupProcess({ cwd: project, env: environment(paths, env), signal, args })).failure;
    },
    onFailure: (why, waitMs) =>
      terminal.warn(`no backup was made: ${why} It is tried again in ${Math.round(waitMs / 60_000)} min`),
  });
  return { stop: async () => void (await Promise.all([schedule.stop(), requests.stop()])) };
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

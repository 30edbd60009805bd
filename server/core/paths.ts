/** The layout of the OpenClaw home. One place knows the folder names; modes are set when a folder is made. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";

export interface HomePaths {
  home: string;
  configDir: string;
  configFile: string;
  dataDir: string;
  logsDir: string;
  backupsDir: string;
  quarantineDir: string;
  keysDir: string;
  runDir: string;
  cacheDir: string;
}

export function homePaths(home: string, configFile?: string): HomePaths {
  return {
    home,
    configDir: join(home, "config"),
    configFile: configFile ?? join(home, "config", "openclaw.json5"),
    dataDir: join(home, "data"),
    logsDir: join(home, "logs"),
    backupsDir: join(home, "backups"),
    quarantineDir: join(home, "quarantine"),
    keysDir: join(home, "keys"),
    /** Sockets, locks and pid files of the running supervisor. */
    runDir: join(home, "run"),
    /** What can be made again: seccomp profiles, image build stamps. */
    cacheDir: join(home, "cache"),
  };
}

/** Makes every folder of the home that is missing, readable by its owner alone. */
export function ensureHome(paths: HomePaths): void {
  const folders = [
    paths.home,
    paths.configDir,
    paths.dataDir,
    paths.logsDir,
    paths.backupsDir,
    paths.quarantineDir,
    paths.keysDir,
    paths.runDir,
    paths.cacheDir,
  ];
  for (const folder of folders) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }
}

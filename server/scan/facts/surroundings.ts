/** Where the home lies: what copies it away, what keeps its history, what lies beside it. Reads names and modes, no content. */
import { existsSync, readdirSync, realpathSync, statfsSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Env } from "#server/core/env.ts";
import type { HomePaths } from "#server/core/paths.ts";
import type { SurroundingFacts } from "#server/scan/facts/sources.ts";

/** Folders of services that copy what lies in them to their servers, and the files that mark such a folder. */
const SYNCED: readonly [service: string, name: RegExp][] = [
  ["Dropbox", /^Dropbox(?: \(.*\))?$/],
  ["iCloud Drive", /^(?:Mobile Documents|iCloud ?Drive|com~apple~CloudDocs)$/],
  ["OneDrive", /^OneDrive(?: - .*)?$/],
  ["Google Drive", /^(?:Google ?Drive|GoogleDrive.*|My Drive)$/],
  ["Nextcloud", /^(?:Nextcloud|ownCloud)$/],
];
const MARKERS: readonly [service: string, name: string][] = [
  ["Dropbox", ".dropbox"],
  ["Syncthing", ".stfolder"],
  ["Nextcloud", ".owncloudsync.log"],
];
const TEMPORARY = ["/tmp", "/var/tmp", "/dev/shm"];
/** What editors, packagers and people add to a file's name. */
const COPY = /(?:~|\.(?:bak|backup|old|orig|save|swp|swo|copy|rej|dpkg-\w+|rpm\w+)(?:\.?\d*)?|\(\d+\)|\.\d+)$/i;

/** @param productRoot folder of the product, where a `.env` may lie. @throws Error without a home. */
export function surroundingFacts(
  paths: HomePaths,
  env: Pick<Env, "OPENCLAW_MASTER_KEY" | "OPENCLAW_MASTER_KEY_FILE">,
  productRoot: string,
): SurroundingFacts {
  const home = realpathSync(paths.home);
  const configFile = existsSync(paths.configFile) ? realpathSync(paths.configFile) : paths.configFile;
  const chains = [
    { what: "the home", folders: upwards(home) },
    { what: "the configuration", folders: upwards(dirname(configFile)) },
  ];
  const space = statfsSync(home);
  return {
    gitFolder: firstOf(chains, (folder) => (existsSync(join(folder, ".git")) ? folder : null)),
    syncedFolder: syncedOf(chains.flatMap(({ folders }) => folders)),
    temporary: TEMPORARY.find((folder) => home === folder || home.startsWith(`${folder}/`)) ?? null,
    copies: copiesOf(configFile),
    openEnvFiles: [...new Set([join(home, ".env"), join(paths.configDir, ".env"), join(productRoot, ".env")])].filter(
      isOpen,
    ),
    freeShare: space.blocks === 0 ? 1 : space.bavail / space.blocks,
    freeBytes: space.bavail * space.bsize,
    masterSecret: masterSecretOf(home, env),
  };
}

function masterSecretOf(
  home: string,
  env: Pick<Env, "OPENCLAW_MASTER_KEY" | "OPENCLAW_MASTER_KEY_FILE">,
): SurroundingFacts["masterSecret"] {
  if (env.OPENCLAW_MASTER_KEY !== undefined) {
    return "environment";
  }
  const file = env.OPENCLAW_MASTER_KEY_FILE;
  if (file === undefined) {
    return "file in the home";
  }
  const real = existsSync(file) ? realpathSync(file) : file;
  return real.startsWith(`${home}/`) ? "file in the home" : "file elsewhere";
}

function upwards(folder: string): string[] {
  const parent = dirname(folder);
  return parent === folder ? [folder] : [folder, ...upwards(parent)];
}

function firstOf(
  chains: readonly { what: string; folders: readonly string[] }[],
  look: (folder: string) => string | null,
): SurroundingFacts["gitFolder"] {
  for (const { what, folders } of chains) {
    const folder = folders.find((one) => look(one) !== null);
    if (folder !== undefined) {
      return { folder, what };
    }
  }
  return null;
}

function syncedOf(folders: readonly string[]): SurroundingFacts["syncedFolder"] {
  for (const folder of folders) {
    const service =
      SYNCED.find(([, name]) => name.test(basename(folder)))?.[0] ??
      MARKERS.find(([, name]) => existsSync(join(folder, name)))?.[0];
    if (service !== undefined) {
      return { folder, service };
    }
  }
  return null;
}

function copiesOf(configFile: string): string[] {
  const folder = dirname(configFile);
  const name = basename(configFile);
  const stem = name.replace(/\.[^.]+$/, "");
  return namesIn(folder)
    .filter((other) => other !== name && other.replace(/^[.#]+/, "").startsWith(stem) && COPY.test(other))
    .map((other) => join(folder, other));
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function isOpen(file: string): boolean {
  const facts = statSync(file, { throwIfNoEntry: false });
  return facts?.isFile() === true && (facts.mode & 0o044) !== 0;
}

/**
 * Looks at every file and folder of a home, and at those outside that it depends on. Follows no link and opens nothing.
 * Threat: a home full of files, or links that lead around in circles: the walk is bounded and never leaves the folder it is in.
 */
import { lstatSync, readdirSync, realpathSync, statSync, type BigIntStats } from "node:fs";
import { basename, dirname, join } from "node:path";
import { findDatabaseAccount } from "#server/core/db/embedded-account.ts";
import type { HomePaths } from "#server/core/paths.ts";
import type { Area, Entry, EntryKind, HomeFacts } from "#server/permissions/schema.ts";

const MAX_ENTRIES = 100_000;

export interface OutsideFile {
  path: string;
  area: Area & ("tls_key" | "certificate" | "master_key");
}

/** @param paths with the folders that the configuration names. */
export function walkHome(paths: HomePaths, outside: readonly OutsideFile[]): HomeFacts {
  const home = realpathSync(paths.home);
  const owner = statSync(home).uid;
  const entries = new Map<string, Entry>();
  const unreadable: string[] = [];
  const areas = areasOf(paths);
  let cut = false;

  function add(path: string, area: Area, isRoot: boolean): Entry | undefined {
    if (entries.size >= MAX_ENTRIES) {
      cut = true;
      return undefined;
    }
    try {
      const entry = look(path, area, isRoot);
      entries.set(path, entries.get(path) ?? entry);
      return entry;
    } catch {
      unreadable.push(path);
      return undefined;
    }
  }

  function walk(folder: string, area: Area, isRoot: boolean): void {
    // The database looks after its own files, and what is not ours may hold anybody's.
    if (add(folder, area, isRoot)?.kind !== "folder" || area === "database" || area === "other") {
      return;
    }
    for (const name of namesIn(folder)) {
      const path = join(folder, name);
      const inner = areas.get(path);
      walk(path, inner ?? areaInside(area, name), inner !== undefined);
    }
  }

  function namesIn(folder: string): string[] {
    try {
      return readdirSync(folder);
    } catch {
      unreadable.push(folder);
      return [];
    }
  }

  walk(home, "home", true);
  for (const [folder, area] of areas) {
    if (!entries.has(folder) && exists(folder)) {
      walk(folder, area, true);
    }
  }
  const named = [
    ...(exists(paths.configFile) ? [{ path: paths.configFile, area: "config" as const }] : []),
    ...outside.filter(({ path }) => exists(path)),
  ];
  for (const { path, area } of named) {
    add(withoutLinksAbove(path), area, false);
    add(realpathSync(path), area, false);
  }
  for (const start of [home, ...areas.keys(), ...named.map(({ path }) => path)]) {
    for (const folder of above(start)) {
      if (!entries.has(folder)) {
        add(folder, "parent", false);
      }
    }
  }
  return {
    owner,
    self: process.getuid?.() ?? owner,
    database: owner === 0 ? findDatabaseAccount() : null,
    configFile: withoutLinksAbove(paths.configFile),
    entries: [...entries.values()],
    unreadable,
    cut,
  };
}

function areaInside(area: Area, name: string): Area {
  if (area === "home") {
    return "other";
  }
  return area === "keys" && name.endsWith("public-key.txt") ? "public_key" : area;
}

function areasOf(paths: HomePaths): Map<string, Area> {
  const folders: [string, Area][] = [
    [paths.configDir, "config"],
    [paths.dataDir, "data"],
    [join(paths.dataDir, "postgres"), "database"],
    [paths.logsDir, "logs"],
    [paths.backupsDir, "backups"],
    [paths.quarantineDir, "quarantine"],
    [paths.keysDir, "keys"],
    [paths.runDir, "run"],
    [join(paths.runDir, "postgres"), "database"],
    [join(paths.runDir, "links"), "links"],
    [paths.cacheDir, "cache"],
  ];
  return new Map(folders.map(([folder, area]) => [withoutLinksAbove(folder), area]));
}

/** The path with real folders before its last name, which may be a link itself. Repairs follow no link. */
function withoutLinksAbove(path: string): string {
  try {
    return join(realpathSync(dirname(path)), basename(path));
  } catch {
    return path;
  }
}

function look(path: string, area: Area, isRoot: boolean): Entry {
  const facts = lstatSync(path, { bigint: true });
  const kind = kindOf(facts);
  return {
    path,
    area,
    isRoot,
    kind,
    mode: Number(facts.mode & 0o7777n),
    uid: Number(facts.uid),
    gid: Number(facts.gid),
    device: facts.dev,
    inode: facts.ino,
    names: Number(facts.nlink),
    target: kind === "link" ? targetOf(path) : null,
  };
}

function kindOf(facts: BigIntStats): EntryKind {
  if (facts.isSymbolicLink()) {
    return "link";
  }
  return facts.isFile() ? "file" : facts.isDirectory() ? "folder" : facts.isSocket() ? "socket" : "special";
}

function targetOf(link: string): Entry["target"] {
  try {
    const path = realpathSync(link);
    return { path, uid: statSync(path).uid };
  } catch {
    return null;
  }
}

function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined && targetOf(path) !== null;
}

/** The folders that lead to `path`, nearest first, without links. */
function above(path: string): string[] {
  try {
    const folders: string[] = [];
    for (let folder = dirname(realpathSync(path)); ; folder = dirname(folder)) {
      folders.push(folder);
      if (folder === dirname(folder)) {
        return folders;
      }
    }
  } catch {
    return [];
  }
}

/** The files of a home that belong into a backup, and the places where files of a backup belong in a home. */
import { lstatSync, readdirSync, statSync } from "node:fs";
import { basename, dirname, join, relative, sep } from "node:path";
import { FILE_NAME, type Area } from "#server/backups/schema.ts";
import { recordFile } from "#server/audit/index.ts";
import { masterSecretFile } from "#server/core/crypto/keyring/index.ts";
import { connectionsFile } from "#server/core/db/connections.ts";
import { hasErrorCode } from "#server/core/errors.ts";
import type { HomePaths } from "#server/core/paths.ts";

export interface HomeFile {
  area: Area;
  /** Its name in an archive. */
  name: string;
  path: string;
}

/** The name of the configuration file in an archive, wherever it lies. */
const CONFIG_NAME = "openclaw.json5";

/** Drafts of files that are being written, locks, and what an earlier restore has left or kept. */
const PASSING = /\.new$|\.\d+(?:\.[0-9a-f]{8})?$|\.lock$|-journal$|\.restoring$|\.before-restore-/;

export function configFiles(paths: HomePaths): HomeFile[] {
  // It may be a link: what counts is what is read through it.
  const isFile = statSync(paths.configFile, { throwIfNoEntry: false })?.isFile() === true;
  return isFile ? [{ area: "config", name: CONFIG_NAME, path: paths.configFile }] : [];
}

/** Everything in the keys folder but master secrets, which open backups, and what is only true while the gateway runs. */
export function keyFiles(paths: HomePaths): HomeFile[] {
  const master = basename(masterSecretFile(paths));
  const connections = basename(connectionsFile(paths));
  // Replaced master secrets lie beside the present one.
  return filesIn(paths.keysDir, "keys", (name) => !name.startsWith(master) && name !== connections);
}

export function quarantineFiles(paths: HomePaths): HomeFile[] {
  return filesIn(paths.quarantineDir, "quarantine", (name) => name.endsWith(".bin"));
}

/** The files of the record: the one that is written, and its older ones beside it. */
export function recordFiles(paths: HomePaths): HomeFile[] {
  const file = recordFile(paths);
  const stem = stemOf(file);
  return filesIn(
    dirname(file),
    "logs",
    (name) => name === basename(file) || name.startsWith(`${stem}.`) || name.startsWith(`${stem}-`),
  );
}

const stemOf = (file: string): string => basename(file).replace(/\.[^.]*$/, "");

/**
 * Where a file of an archive belongs in a home. Null where the configuration keeps the record's files outside of the home: nothing is written
 * there.
 * @param record absolute path of the record's file.
 */
export function placeInHome(
  paths: HomePaths,
  { area, name }: { area: Area; name: string },
  record: string,
): string | null {
  switch (area) {
    case "config":
      return name === CONFIG_NAME ? paths.configFile : null;
    case "keys":
      return join(paths.keysDir, name);
    case "quarantine":
      return join(paths.quarantineDir, name);
    case "logs":
      return isInside(paths.home, record) ? join(dirname(record), name) : null;
  }
}

function isInside(folder: string, file: string): boolean {
  const way = relative(folder, file);
  return way !== "" && way !== ".." && !way.startsWith(`..${sep}`);
}

function filesIn(folder: string, area: Area, isWanted: (name: string) => boolean): HomeFile[] {
  return namesIn(folder)
    .filter((name) => FILE_NAME.test(name) && !PASSING.test(name) && isWanted(name))
    .sort()
    .flatMap((name) => fileAt(join(folder, name), area, name));
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (hasErrorCode(error, "ENOENT")) {
      return [];
    }
    throw error;
  }
}

/** Sockets, folders and links are no files of ours. */
function fileAt(path: string, area: Area, name: string): HomeFile[] {
  return lstatSync(path, { throwIfNoEntry: false })?.isFile() === true ? [{ area, name, path }] : [];
}

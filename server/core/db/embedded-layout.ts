/**
 * Where the embedded PostgreSQL keeps its files, and as whom it runs.
 * Threat: another local user who makes our folder first, or reads it. Each folder is checked to be ours and closed to others.
 */
import { createHash, randomBytes } from "node:crypto";
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readlinkSync,
  realpathSync,
  symlinkSync,
  type Stats,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { AppError, hasErrorCode } from "#server/core/errors.ts";
import { ensureDatabaseAccount, runsAsRoot, type Account } from "#server/core/db/embedded-account.ts";
import type { HomePaths } from "#server/core/paths.ts";

export interface ClusterLayout {
  dataDir: string;
  socketDir: string;
  /** Where PostgreSQL runs under another account: parent of a readable copy of its binaries. */
  binariesCopyDir: string | undefined;
  /** The account PostgreSQL runs as; undefined = our own. */
  account: Account | undefined;
}

/** For root: binaries that the database's account can read, and the databases of homes it cannot reach, such as /root. */
const SYSTEM_DIR = "/var/lib/openclaw";
/** `sun_path` holds 108 bytes with the closing zero. */
const SOCKET_PATH_LIMIT = 107;
const SOCKET_FILE = "/.s.PGSQL.5432.lock";

export function socketPathFits(socketDir: string): boolean {
  return Buffer.byteLength(socketDir + SOCKET_FILE) <= SOCKET_PATH_LIMIT;
}

/** The layout for a home, with every folder made and checked. */
export function homeClusterLayout(paths: HomePaths): ClusterLayout {
  return runsAsRoot() ? rootLayout(paths) : ownLayout(paths);
}

/** A cluster that lives in one folder, for tests. As root the folder must be reachable by everybody (such as under /tmp). */
export function folderClusterLayout(baseDir: string): ClusterLayout {
  const account = runsAsRoot() ? ensureDatabaseAccount() : undefined;
  mkdirSync(baseDir, { recursive: true });
  chmodSync(baseDir, account === undefined ? 0o700 : 0o711);
  const socketDir = join(baseDir, "socket");
  ensurePrivateDir(socketDir, account);
  return {
    dataDir: join(baseDir, "postgres"),
    socketDir,
    binariesCopyDir: account === undefined ? undefined : SYSTEM_DIR,
    account,
  };
}

function ownLayout(paths: HomePaths): ClusterLayout {
  const inHome = join(paths.runDir, "postgres");
  const socketDir = socketPathFits(inHome)
    ? inHome
    : join(tmpdir(), `openclaw-${process.getuid?.() ?? 0}-${homeKey(paths.home)}`);
  ensurePrivateDir(socketDir, undefined);
  return {
    dataDir: join(paths.dataDir, "postgres"),
    socketDir,
    binariesCopyDir: undefined,
    account: undefined,
  };
}

/** Root's home: the database lives in it when its account can reach it, else in a folder of the system with a link from the home. */
function rootLayout(paths: HomePaths): ClusterLayout {
  const account = ensureDatabaseAccount();
  const inHome = join(paths.dataDir, "postgres");
  const existing = lstatOrNull(inHome);
  if (existing?.isSymbolicLink() === true) {
    return systemLayout(dirname(readlinkSync(inHome)), account);
  }
  if (existing !== null && existing.uid !== account.uid) {
    throw new AppError(
      "NOT_CONFIGURED",
      `${inHome} belongs to a gateway that was started as another user. Start it as that user, or move the home away first.`,
    );
  }
  if (isReachable(dirname(realpathSync(paths.home)))) {
    for (const folder of [paths.home, paths.dataDir, paths.runDir]) {
      // The database's account may pass through; it can list nothing, and everybody else stays out.
      chownSync(folder, 0, account.gid);
      chmodSync(folder, 0o710);
    }
    const socketDir = join(paths.runDir, "postgres");
    if (socketPathFits(socketDir)) {
      ensurePrivateDir(socketDir, account);
      return { dataDir: inHome, socketDir, binariesCopyDir: SYSTEM_DIR, account };
    }
  }
  if (existing !== null) {
    throw new AppError(
      "STORE_UNAVAILABLE",
      `The database account cannot reach ${inHome}. Move the home out of private folders such as /root, or shorten its path.`,
    );
  }
  const baseDir = join(SYSTEM_DIR, randomBytes(8).toString("hex"));
  const layout = systemLayout(baseDir, account);
  symlinkSync(layout.dataDir, inHome);
  return layout;
}

function systemLayout(baseDir: string, account: Account): ClusterLayout {
  for (const [folder, mode] of [
    [SYSTEM_DIR, 0o755],
    [baseDir, 0o711],
  ] as const) {
    mkdirSync(folder, { recursive: true });
    chmodSync(folder, mode);
  }
  const socketDir = join(baseDir, "socket");
  ensurePrivateDir(socketDir, account);
  return { dataDir: join(baseDir, "postgres"), socketDir, binariesCopyDir: SYSTEM_DIR, account };
}

/** True when every user may pass through `folder` and all above it. */
function isReachable(folder: string): boolean {
  const parent = dirname(folder);
  return (lstatSync(folder).mode & 0o001) !== 0 && (parent === folder || isReachable(parent));
}

function homeKey(home: string): string {
  return createHash("sha256").update(realpathSync(home)).digest("hex").slice(0, 16);
}

/** Makes `folder` with mode 0700 for its account. @throws AppError when something else of that name is there already. */
export function ensurePrivateDir(folder: string, account: Account | undefined): void {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if (!hasErrorCode(error, "EEXIST")) {
      throw error;
    }
  }
  const found = lstatSync(folder);
  const allowedOwners = [process.getuid?.(), account?.uid];
  if (!found.isDirectory() || !allowedOwners.includes(found.uid)) {
    throw new AppError("STORE_UNAVAILABLE", `${folder} exists and is not ours. Remove it, then start again.`);
  }
  chmodSync(folder, 0o700);
  if (account !== undefined) {
    chownSync(folder, account.uid, account.gid);
  }
}

function lstatOrNull(path: string): Stats | null {
  try {
    return lstatSync(path);
  } catch (error) {
    if (hasErrorCode(error, "ENOENT")) {
      return null;
    }
    throw error;
  }
}

/**
 * Where the embedded PostgreSQL keeps its files, and as whom it runs.
 * Threat: another local user who makes our folder first, or reads it. Each folder is checked to be ours and closed to others.
 */
import { createHash } from "node:crypto";
import { chownSync, lstatSync, mkdirSync, realpathSync, rmSync, symlinkSync, readlinkSync, chmodSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { AppError, hasErrorCode } from "#server/core/errors.ts";
import { ensureDatabaseAccount, runsAsRoot, type Account } from "#server/core/db/embedded-account.ts";
import type { HomePaths } from "#server/core/paths.ts";

export interface ClusterLayout {
  /** Holds the lock and the other folders; ours alone. */
  baseDir: string;
  dataDir: string;
  socketDir: string;
  /** Where PostgreSQL runs under another account: parent of a readable copy of its binaries. */
  binariesCopyDir: string | undefined;
  /** The account PostgreSQL runs as; undefined = our own. */
  account: Account | undefined;
}

/** Root keeps databases here: an account without rights cannot reach into a private home such as /root. */
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
    baseDir,
    dataDir: join(baseDir, "postgres"),
    socketDir,
    binariesCopyDir: account === undefined ? undefined : SYSTEM_DIR,
    account,
  };
}

function ownLayout(paths: HomePaths): ClusterLayout {
  const inHome = join(paths.runDir, "postgres");
  const socketDir = socketPathFits(inHome) ? inHome : join(tmpdir(), `openclaw-${process.getuid?.() ?? 0}-${homeKey(paths.home)}`);
  ensurePrivateDir(socketDir, undefined);
  return {
    baseDir: paths.runDir,
    dataDir: join(paths.dataDir, "postgres"),
    socketDir,
    binariesCopyDir: undefined,
    account: undefined,
  };
}

function rootLayout(paths: HomePaths): ClusterLayout {
  const link = join(paths.dataDir, "postgres");
  const existing = lstatOrNull(link);
  const linked = existing?.isSymbolicLink() === true ? readlinkSync(link) : null;
  const baseDir = linked?.startsWith(`${SYSTEM_DIR}/`) === true ? dirname(linked) : join(SYSTEM_DIR, homeKey(paths.home));
  mkdirSync(SYSTEM_DIR, { recursive: true, mode: 0o755 });
  chmodSync(SYSTEM_DIR, 0o755);
  mkdirSync(baseDir, { recursive: true, mode: 0o711 });
  chmodSync(baseDir, 0o711);
  const dataDir = join(baseDir, "postgres");
  if (existing?.isDirectory() === true) {
    throw new AppError(
      "NOT_CONFIGURED",
      `${link} belongs to a gateway that was started as another user. Start it as that user, or move the home away first.`,
    );
  }
  if (linked !== dataDir) {
    rmSync(link, { force: true });
    symlinkSync(dataDir, link);
  }
  const account = ensureDatabaseAccount();
  const socketDir = join(baseDir, "socket");
  ensurePrivateDir(socketDir, account);
  return { baseDir, dataDir, socketDir, binariesCopyDir: SYSTEM_DIR, account };
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

function lstatOrNull(path: string): ReturnType<typeof lstatSync> | null {
  try {
    return lstatSync(path);
  } catch (error) {
    if (hasErrorCode(error, "ENOENT")) {
      return null;
    }
    throw error;
  }
}

/** Takes possession of a home: its folders, and the lock that keeps a second supervisor out. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { AppError, hasErrorCode, messageOf } from "#server/core/errors.ts";
import { ensureHome, type HomePaths } from "#server/core/paths.ts";
import { tryLock, type ProcessLock } from "#server/core/process-lock.ts";

const Owner = z.object({ pid: z.number().int().positive() });

/**
 * Makes the folders and locks the home until the process ends.
 * @throws AppError("CONFLICT") when a gateway runs on this home, AppError("STORE_UNAVAILABLE") when the home cannot be written.
 */
export function takeHome(paths: HomePaths): ProcessLock {
  try {
    ensureHome(paths);
  } catch (error) {
    throw new AppError(
      "STORE_UNAVAILABLE",
      `The home ${paths.home} cannot be used: ${reasonOf(error)} Another place: npm start -- --home FOLDER.`,
      {
        cause: error,
      },
    );
  }
  const lock = tryLock(join(paths.runDir, "supervisor.lock"));
  const ownerFile = join(paths.runDir, "supervisor.json");
  if (lock === null) {
    throw new AppError("CONFLICT", alreadyRunning(paths, readOwner(ownerFile)));
  }
  try {
    writeFileSync(ownerFile, JSON.stringify({ pid: process.pid, startedAt: new Date().toISOString() }), {
      mode: 0o600,
    });
  } catch (error) {
    lock.release();
    throw new AppError("STORE_UNAVAILABLE", `The home ${paths.home} cannot be used: ${reasonOf(error)}`, {
      cause: error,
    });
  }
  return lock;
}

function alreadyRunning(paths: HomePaths, pid: number | null): string {
  const who = pid === null ? "" : ` (pid ${pid})`;
  const stop = pid === null ? "Stop it first" : `Stop it first (kill ${pid})`;
  return `OpenClaw Gateway already runs on ${paths.home}${who}. ${stop}, or start another one with its own home and port: npm start -- --home FOLDER --port N`;
}

/** Whoever holds the lock wrote this file; a damaged one only costs us the pid in a message. */
function readOwner(file: string): number | null {
  try {
    return Owner.parse(JSON.parse(readFileSync(file, "utf8"))).pid;
  } catch {
    return null;
  }
}

function reasonOf(error: unknown): string {
  if (hasErrorCode(error, "EACCES") || hasErrorCode(error, "EPERM") || hasErrorCode(error, "EROFS")) {
    return "this user may not write there.";
  }
  if (hasErrorCode(error, "ENOSPC") || hasErrorCode(error, "EDQUOT")) {
    return "the disk is full.";
  }
  return `${messageOf(error)}.`;
}

/**
 * A lock held by the kernel for as long as this process lives: it vanishes with `kill -9`, so it can never be stale.
 * SQLite's exclusive transaction takes a POSIX record lock on the file; Node offers no other way to take one.
 */
import { chmodSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { AppError, messageOf } from "#server/core/errors.ts";

/** `errcode` of SQLITE_BUSY. */
const SQLITE_BUSY = 5;

/** A lock whose owner forgot about it must not be collected, and thereby released, while the process lives. */
const held = new Set<DatabaseSync>();

export interface ProcessLock {
  release(): void;
}

/**
 * Takes the lock on `file` (made when missing), or returns null when another process holds it.
 * @throws AppError("STORE_UNAVAILABLE") when the file cannot be opened or locked at all.
 */
export function tryLock(file: string): ProcessLock | null {
  let database: DatabaseSync | null = null;
  try {
    database = new DatabaseSync(file, { timeout: 0 });
    // Whoever could open the file could lock us out.
    chmodSync(file, 0o600);
    database.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    database?.close();
    if (isBusy(error)) {
      return null;
    }
    throw new AppError(
      "STORE_UNAVAILABLE",
      `Cannot lock ${file}: ${messageOf(error)}. Make its folder writable for this user and leave room on the disk.`,
      { cause: error },
    );
  }
  const locked = database;
  held.add(locked);
  return {
    release() {
      held.delete(locked);
      locked.close();
    },
  };
}

function isBusy(error: unknown): boolean {
  return typeof error === "object" && error !== null && "errcode" in error && error.errcode === SQLITE_BUSY;
}

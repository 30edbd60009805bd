/**
 * The database of a home for a backup or a restore: that of a running gateway, an external one, or the home's own server started for the
 * while. Whoever is not let in by a running gateway holds the home's lock, so that none can start meanwhile.
 */
import { existsSync, lstatSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { connectOwner } from "#server/backups/tables.ts";
import { startCluster } from "#server/core/db/cluster.ts";
import { readConnections } from "#server/core/db/connections.ts";
import { homeClusterLayout } from "#server/core/db/embedded-layout.ts";
import type { Env } from "#server/core/env.ts";
import { AppError } from "#server/core/errors.ts";
import { ensureHome, type HomePaths } from "#server/core/paths.ts";
import { tryLock, type ProcessLock } from "#server/core/process-lock.ts";
import { readOrCreateSecret } from "#server/core/secret-file.ts";

/** The key file with the password of a home's own database. */
export const OWNER_KEY_NAME = "database-owner.key";

/** Whether this home has a database server of its own. */
export const hasOwnDatabase = (paths: HomePaths): boolean => existsSync(join(paths.dataDir, "postgres", "PG_VERSION"));

/** True while a supervisor runs on the home. Changes nothing on the disk. */
export function isRunning(paths: HomePaths): boolean {
  const file = join(paths.runDir, "supervisor.lock");
  if (!existsSync(file)) {
    return false;
  }
  const lock = tryLock(file);
  lock?.release();
  return lock === null;
}

interface HomeDatabase {
  ownerUrl: string;
  /** Stops what was started, and lets go of the home. */
  close(): Promise<void>;
  /** `close`, and removes a database server that was made here. */
  discard(): Promise<void>;
}

/** For reading: the database of the gateway that runs, else the home's own, started for the while. @throws AppError STORE_UNAVAILABLE. */
export async function openDatabaseForReading(paths: HomePaths, env: Pick<Env, "DATABASE_URL">): Promise<HomeDatabase> {
  const running = await runningDatabase(paths);
  if (running !== null) {
    return running;
  }
  if (env.DATABASE_URL === undefined && !hasOwnDatabase(paths)) {
    throw new AppError(
      "STORE_UNAVAILABLE",
      `There is no database in ${paths.home} to back up. Start the gateway once: npm start`,
    );
  }
  return openStopped(paths, env, null);
}

async function runningDatabase(paths: HomePaths): Promise<HomeDatabase | null> {
  try {
    const running = openRunning(paths);
    await (await connectOwner(running.ownerUrl)).end();
    return running;
  } catch {
    return null;
  }
}

const nothing = async (): Promise<void> => undefined;

/** The database of a gateway that runs on the home. @throws AppError("STORE_UNAVAILABLE") when it has left no connection. */
export function openRunning(paths: HomePaths): HomeDatabase {
  return { ownerUrl: readConnections(paths).ownerUrl, close: nothing, discard: nothing };
}

/**
 * The database of a home on which nothing runs: the one in DATABASE_URL, or the home's own, made where there is none.
 * @param ownerKey content of `keys/database-owner.key`, where the home has none.
 * @throws AppError("CONFLICT") when a gateway has been started meanwhile.
 */
export async function openStopped(
  paths: HomePaths,
  env: Pick<Env, "DATABASE_URL">,
  ownerKey: Buffer | null,
): Promise<HomeDatabase> {
  const lock = lockHome(paths);
  try {
    if (env.DATABASE_URL !== undefined) {
      const release = async (): Promise<void> => lock.release();
      return { ownerUrl: env.DATABASE_URL, close: release, discard: release };
    }
    const isNew = !hasOwnDatabase(paths);
    const layout = homeClusterLayout(paths);
    const cluster = await startCluster({ layout, ownerPassword: secretOf(paths, ownerKey, isNew) });
    const close = async (): Promise<void> => {
      await cluster.stop();
      lock.release();
    };
    return {
      ownerUrl: cluster.ownerUrl(),
      close,
      async discard() {
        await close();
        if (isNew) {
          removeDataDir(paths, layout.dataDir);
        }
      },
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** Keeps a gateway from starting on the home. @throws AppError("CONFLICT") when one has. */
export function lockHome(paths: HomePaths): ProcessLock {
  ensureHome(paths);
  const lock = tryLock(join(paths.runDir, "supervisor.lock"));
  if (lock === null) {
    throw new AppError("CONFLICT", `A gateway has been started on ${paths.home}. Stop it first, or try again.`);
  }
  return lock;
}

/** A database that is made now gets a password of its own where none is given. */
function secretOf(paths: HomePaths, ownerKey: Buffer | null, isNew: boolean): string {
  const file = join(paths.keysDir, OWNER_KEY_NAME);
  if (isNew && ownerKey === null) {
    return readOrCreateSecret(file).toString("hex");
  }
  // The one that the restore will put in place of the home's.
  const bytes = isNew || !existsSync(file) ? ownerKey : readFileSync(file);
  const secret = Buffer.from(bytes?.toString("utf8").trim() ?? "", "base64");
  if (secret.length === 0) {
    throw new AppError(
      "NOT_CONFIGURED",
      `The password of the embedded database, ${file}, is missing. Restore it from a backup with --only keys.`,
    );
  }
  return secret.toString("hex");
}

/** The folder, and where root's database lies elsewhere, the folder around it and the link in the home. */
function removeDataDir(paths: HomePaths, dataDir: string): void {
  const inHome = join(paths.dataDir, "postgres");
  rmSync(dataDir, { recursive: true, force: true });
  if (dataDir !== inHome && lstatSync(inHome, { throwIfNoEntry: false })?.isSymbolicLink() === true) {
    rmSync(dirname(dataDir), { recursive: true, force: true });
    rmSync(inHome, { force: true });
  }
}

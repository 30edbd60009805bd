/**
 * What the console asks of backups. The web process has neither the master secret nor the owner's database connection: it leaves a row, and
 * the supervisor of the same home does the work and writes what came of it.
 */
import { hostname } from "node:os";
import { recordEvents } from "#server/audit/index.ts";
import type { Actor } from "#server/audit/schema.ts";
import { backupFolder } from "#server/backups/folder.ts";
import { findBackups, listBackups } from "#server/backups/list.ts";
import { BackupJob, JobOutcome, type BackupsView, type JobKind } from "#server/backups/schema.ts";
import type { ConfigStore } from "#server/config/index.ts";
import type { Clock } from "#server/core/clock.ts";
import type { Db } from "#server/core/db/client.ts";
import { withTx } from "#server/core/db/with-tx.ts";
import { AppError } from "#server/core/errors.ts";
import { randomId } from "#server/core/ids.ts";
import type { HomePaths } from "#server/core/paths.ts";

export interface BackupRequestServices {
  db: Db;
  clock: Clock;
  paths: HomePaths;
  config: Pick<ConfigStore, "current">;
}

/** Whose supervisor is to do a job: several homes may share a database. */
export const placeOf = ({ home }: Pick<HomePaths, "home">): string => `${hostname()}:${home}`;

/** Each takes a database or a good part of the disk's time. */
const MAX_OPEN = 4;
const OPEN = ["queued", "running"];

/** @throws AppError("NOT_FOUND") for a name that is not in the folder, AppError("CONFLICT") when the same is under way. */
export async function requestBackupJob(
  { db, clock, paths }: BackupRequestServices,
  actor: Actor,
  { kind, name }: { kind: JobKind; name: string | null },
): Promise<BackupJob> {
  if (name !== null && !findBackups(backupFolder(paths)).some((backup) => backup.name === name)) {
    throw new AppError(
      "NOT_FOUND",
      `There is no backup ${name}. It may have been removed meanwhile; load the list anew.`,
    );
  }
  const place = placeOf(paths);
  return withTx(db, async (tx) => {
    const open = await tx.backupJob.findMany({
      where: { place, state: { in: OPEN } },
      select: { kind: true, name: true },
    });
    if (open.some((job) => job.kind === kind && job.name === name)) {
      throw new AppError("CONFLICT", "The same is under way already. Wait until it has ended.");
    }
    if (open.length >= MAX_OPEN) {
      throw new AppError("BUSY", `${open.length} jobs are under way already. Wait until one has ended.`, {
        retryAfterSeconds: 10,
      });
    }
    const id = randomId("bjb");
    // Named columns only: the others are not this process's to write.
    await tx.$executeRaw`
      INSERT INTO backup_job (id, place, kind, name, requested_type, requested_by, created_at)
      VALUES (${id}, ${place}, ${kind}, ${name}, ${actor.type}, ${actor.id}, ${new Date(clock.now())})`;
    const row = await tx.backupJob.findUniqueOrThrow({ where: { id } });
    await recordEvents(tx, [
      {
        event: "backup.requested",
        outcome: "ok",
        actor,
        target: name ?? undefined,
        reason: kind,
        data: { job: row.id },
      },
    ]);
    return toJob(row);
  });
}

const MAX_LISTED = 200;
const MAX_JOBS = 20;

/** Everything of the screen. Reads headers of archives, opens none. */
export async function backupsView({ db, paths, config }: BackupRequestServices): Promise<BackupsView> {
  const { storage } = config.current().config.security;
  const folder = backupFolder(paths);
  const [backups, rows] = await Promise.all([
    listBackups(folder),
    db.backupJob.findMany({ where: { place: placeOf(paths) }, orderBy: { createdAt: "desc" }, take: MAX_JOBS }),
  ]);
  return {
    folder,
    intervalMs: storage.backupInterval,
    retentionMs: storage.backupRetention,
    encryption: storage.backupEncryption,
    backups: backups.slice(0, MAX_LISTED),
    more: Math.max(0, backups.length - MAX_LISTED),
    jobs: rows.map(toJob),
  };
}

function toJob({ outcome, ...row }: { outcome: unknown } & Record<string, unknown>): BackupJob {
  const read = JobOutcome.safeParse(outcome);
  return BackupJob.parse({ ...row, outcome: read.success ? read.data : null });
}

/** What lies in the folder of backups, and what its files say about themselves. Reads only. */
import { createHash } from "node:crypto";
import { createReadStream, existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { peekHeader } from "#server/backups/archive.ts";
import { parseArchiveName, sidecarOf } from "#server/backups/names.ts";
import { Verification, type BackupStatus, type BackupSummary } from "#server/backups/schema.ts";
import { AppError, hasErrorCode } from "#server/core/errors.ts";

/** Archives by name, newest first. Whether one was verified is taken from the file beside it, unchecked: for lists and dates. */
export function findBackups(folder: string): Omit<BackupSummary, "encrypted">[] {
  return namesIn(folder)
    .flatMap((name) => {
      const parsed = parseArchiveName(name);
      const file = join(folder, name);
      const stats = parsed === null ? undefined : statSync(file, { throwIfNoEntry: false });
      return parsed === null || stats?.isFile() !== true
        ? []
        : [{ name, ...parsed, bytes: stats.size, verification: readVerification(file, stats.mtimeMs) }];
    })
    .sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime());
}

/** The same with what the header of each file says. */
export async function listBackups(folder: string): Promise<BackupSummary[]> {
  return Promise.all(
    findBackups(folder).map(async (backup) => {
      const header = await peekHeader(join(folder, backup.name));
      return { ...backup, encrypted: header === null ? null : header.encryption !== "none" };
    }),
  );
}

/** Null without one, and when the archive has been written since: then it was another file that was tried. */
function readVerification(file: string, modifiedMs: number): BackupSummary["verification"] {
  try {
    const { at, ok } = Verification.parse(JSON.parse(readFileSync(sidecarOf(file), "utf8")));
    return Date.parse(at) < Math.floor(modifiedMs) ? null : { at: new Date(at), ok };
  } catch {
    return null;
  }
}

/** For status screens: some file facts, no archive is opened. */
export function backupStatus(folder: string): BackupStatus {
  const backups = findBackups(folder);
  const newest = backups[0];
  const verified = backups
    .flatMap(({ verification }) => verification ?? [])
    .sort((a, b) => b.at.getTime() - a.at.getTime());
  return {
    last: newest === undefined ? null : { at: newest.createdAt, kind: newest.kind, bytes: newest.bytes },
    lastVerified: verified[0] ?? null,
  };
}

/** `latest`, the name of a file in the folder, or a path. @throws AppError("NOT_FOUND"). */
export function locateBackup(folder: string, wanted: string): string {
  if (wanted === "latest") {
    const newest = findBackups(folder)[0];
    if (newest === undefined) {
      throw new AppError("NOT_FOUND", `There is no backup in ${folder}. Make one: openclaw security backup-config`);
    }
    return join(folder, newest.name);
  }
  const found = [resolve(wanted), join(folder, wanted)].find((file) => existsSync(file));
  if (found === undefined) {
    throw new AppError(
      "NOT_FOUND",
      `There is no backup ${wanted}. openclaw security list-backups shows those in ${folder}.`,
    );
  }
  return found;
}

export async function sha256Of(file: string): Promise<string> {
  const digest = createHash("sha256");
  for await (const chunk of createReadStream(file)) {
    digest.update(chunk as Buffer);
  }
  return digest.digest("hex");
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

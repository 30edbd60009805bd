/** Names of archives: `openclaw-20261125T101112345Z-full.ocgbackup`. The time stands in the name, so that it survives copying. */
import { BACKUP_KINDS, type BackupKind } from "#server/backups/schema.ts";

const SUFFIX = ".ocgbackup";
const PATTERN = /^openclaw-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z-([a-z]+)\.ocgbackup$/;

/** UTC to the millisecond, without signs that a file system could mind. */
export const stampOf = (at: Date): string => at.toISOString().replace(/[-:.]/g, "");

export const archiveName = (at: Date, kind: BackupKind): string => `openclaw-${stampOf(at)}-${kind}${SUFFIX}`;

/** Null for any other file. */
export function parseArchiveName(name: string): { createdAt: Date; kind: BackupKind } | null {
  const match = PATTERN.exec(name);
  const kind = BACKUP_KINDS.find((known) => known === match?.[8]);
  if (match === null || kind === undefined) {
    return null;
  }
  const [, year, month, day, hour, minute, second, ms] = match;
  const createdAt = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}.${ms}Z`);
  return Number.isNaN(createdAt.getTime()) ? null : { createdAt, kind };
}

/** The file beside an archive that holds the outcome of its last test. */
export const sidecarOf = (archive: string): string => `${archive}.verified.json`;

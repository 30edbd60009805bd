/** Files of the record leave when all they hold is older than the retention. A removal is on record before it happens. */
import { statSync } from "node:fs";
import { rm } from "node:fs/promises";
import { basename } from "node:path";
import { siblingsOf } from "#server/audit/files/names.ts";
import type { AuditEventInput } from "#server/audit/schema.ts";

/** A file that is about to be removed. */
export interface ExpiredFile {
  path: string;
  /** Null for one that was set aside. */
  rows: { firstSeq: number; lastSeq: number } | null;
}

const LONGEST_SPAN_MS = 30 * 24 * 60 * 60 * 1000;

/** How long one file may go on taking in rows, so that a quiet gateway does not keep old rows for the sake of newer ones beside them. */
export function spanOf(retentionMs: number): number {
  return Math.min(LONGEST_SPAN_MS, retentionMs / 10);
}

/** A file's time of change is that of its newest row (`live-file.ts`). */
function expiredFiles(liveFile: string, retentionMs: number, now: Date): ExpiredFile[] {
  const { rotated, aside } = siblingsOf(liveFile);
  const oldest = now.getTime() - retentionMs;
  return [
    ...rotated.map(({ path, firstSeq, lastSeq }) => ({ path, rows: { firstSeq, lastSeq } })),
    ...aside.map((path) => ({ path, rows: null })),
  ].filter(({ path }) => (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Infinity) < oldest);
}

/** @param record resolves when the removal is durably on record. */
export async function removeExpired(
  liveFile: string,
  retentionMs: number,
  now: Date,
  record: (files: readonly ExpiredFile[]) => Promise<void>,
): Promise<void> {
  const expired = expiredFiles(liveFile, retentionMs, now);
  if (expired.length === 0) {
    return;
  }
  await record(expired);
  for (const { path } of expired) {
    await rm(path, { force: true });
  }
}

export function removalEvent({ path, rows }: ExpiredFile): AuditEventInput {
  return {
    event: "audit.file_removed",
    outcome: "ok",
    actor: { type: "system", id: "sealer" },
    target: basename(path),
    reason: "retention",
    data: rows === null ? {} : { firstSeq: rows.firstSeq, lastSeq: rows.lastSeq },
  };
}

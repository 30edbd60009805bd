/** Which backups have had their time. */
import { readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { DRAFT } from "#server/backups/create.ts";
import { findBackups } from "#server/backups/list.ts";
import { sidecarOf } from "#server/backups/names.ts";
import type { BackupSummary } from "#server/backups/schema.ts";

type Known = Pick<BackupSummary, "name" | "createdAt" | "verification">;

/**
 * Names of those older than `retentionMs`, pure. Never the newest one, nor the newest that a test has restored: however long nobody looked, there
 * is something to go back to. @param backups newest first.
 */
export function outdatedBackups(backups: readonly Known[], now: number, retentionMs: number): string[] {
  const kept = new Set([backups[0]?.name, backups.find(({ verification }) => verification?.ok === true)?.name]);
  return backups
    .filter(({ name, createdAt }) => !kept.has(name) && now - createdAt.getTime() > retentionMs)
    .map(({ name }) => name);
}

const DRAFT_AGE_MS = 24 * 60 * 60 * 1000;

/** Removes outdated archives with the files beside them, and what crashed writers have left. @returns the names of the archives. */
export function removeOutdated(folder: string, now: number, retentionMs: number): string[] {
  const outdated = outdatedBackups(findBackups(folder), now, retentionMs);
  for (const name of outdated) {
    rmSync(join(folder, name), { force: true });
    rmSync(sidecarOf(join(folder, name)), { force: true });
  }
  for (const name of readdirSync(folder).filter((entry) => entry.startsWith(".openclaw-") && entry.endsWith(DRAFT))) {
    const stats = statSync(join(folder, name), { throwIfNoEntry: false });
    if (stats !== undefined && now - stats.mtimeMs > DRAFT_AGE_MS) {
      rmSync(join(folder, name), { force: true });
    }
  }
  return outdated;
}

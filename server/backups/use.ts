/** What the command line does with backups: settings, the database, the record of it, and the files, brought together. */
import { basename, join } from "node:path";
import { recordEventsOn } from "#server/audit/index.ts";
import type { Actor, AuditData, AuditEventInput } from "#server/audit/schema.ts";
import { masterCandidates } from "#server/backups/archive-key.ts";
import { openArchive, type OpenArchive } from "#server/backups/archive.ts";
import { createBackup, type CreatedBackup } from "#server/backups/create.ts";
import { isRunning, openDatabaseForReading, openRunning } from "#server/backups/home-database.ts";
import { locateBackup, sha256Of } from "#server/backups/list.ts";
import { sidecarOf } from "#server/backups/names.ts";
import { planRestore, type RestorePlan } from "#server/backups/restore/plan.ts";
import { restoreBackup, type RestoreOutcome } from "#server/backups/restore/restore.ts";
import { surveyArchive } from "#server/backups/restore/survey.ts";
import { removeOutdated } from "#server/backups/retention.ts";
import {
  RESTORE_PARTS,
  type ArchiveHeader,
  type BackupKind,
  type RestorePart,
  type Verification,
} from "#server/backups/schema.ts";
import { connectOwner } from "#server/backups/tables.ts";
import { tryRestore } from "#server/backups/verify.ts";
import { refuseOtherVersion } from "#server/backups/versions.ts";
import { backupFolder } from "#server/backups/folder.ts";
import { loadConfig } from "#server/config/index.ts";
import { writeFileAtomic } from "#server/core/atomic-write.ts";
import { newestMigration } from "#server/core/db/migrate.ts";
import type { Env } from "#server/core/env.ts";
import { AppError, isAppError, messageOf } from "#server/core/errors.ts";
import { redactText } from "#server/core/redact.ts";
import type { HomePaths } from "#server/core/paths.ts";
import { VERSION } from "#server/version.ts";

export interface BackupContext {
  paths: HomePaths;
  env: Pick<Env, "DATABASE_URL" | "OPENCLAW_MASTER_KEY" | "OPENCLAW_MASTER_KEY_FILE">;
  actor: Actor;
  now: Date;
  onProgress: (text: string) => void;
}

/**
 * Makes a backup, removes outdated ones from the usual folder, and records both.
 * @param out absolute path of the file, where it is not to stand in the usual folder.
 * @throws AppError for whatever kept it from being made, which is recorded as well where a database can be reached.
 */
export async function makeBackup(
  context: BackupContext,
  { kind, out }: { kind: BackupKind; out: string | undefined },
): Promise<CreatedBackup & { removed: string[] }> {
  const { paths, env, actor, now, onProgress } = context;
  try {
    const { storage, encryption } = loadConfig(paths.configFile).config.security;
    const folder = backupFolder(paths);
    const database = await openDatabaseForReading(paths, env);
    try {
      const created = await createBackup({
        paths,
        env,
        ownerUrl: database.ownerUrl,
        kind,
        target: out === undefined ? { folder } : { file: out },
        encrypted: storage.backupEncryption,
        iterations: encryption.database.iterations,
        now,
        sealing: isRunning(paths),
        onProgress,
      });
      const removed = out === undefined ? removeOutdated(folder, now.getTime(), storage.backupRetention) : [];
      await record(database.ownerUrl, [
        createdEvent(created, actor),
        ...removed.map((name) => removedEvent(name, actor)),
      ]);
      return { ...created, removed };
    } finally {
      await database.close();
    }
  } catch (error) {
    await recordIfRunning(paths, failedEvent("create", actor, error, { kind }));
    throw error;
  }
}

interface Wanted {
  /** `latest`, a name in the usual folder, or a path. */
  wanted: string;
  masterKeyFile: string | undefined;
}

/** Restores a backup for a test; the outcome stays beside it and is recorded. @throws AppError("NOT_FOUND") when there is none like that. */
export async function verifyBackup(
  context: BackupContext,
  { wanted, masterKeyFile }: Wanted,
): Promise<{ file: string; verification: Verification }> {
  const { paths, env, actor, onProgress } = context;
  const file = locateBackup(backupFolder(paths), wanted);
  const name = basename(file);
  const sha256 = await sha256Of(file);
  const outcome = await openArchive(file, name, () => masterCandidates({ file: masterKeyFile, env, homes: [paths] }))
    .then((archive) => tryRestore(archive, { name, scratchDir: join(paths.cacheDir, "verify"), onProgress }))
    .then((notes) => ({ ok: true, notes }))
    .catch((error: unknown) => {
      if (!isAppError(error)) {
        throw error;
      }
      return { ok: false, notes: [error.message] };
    });
  const verification: Verification = { sha256, at: new Date().toISOString(), ...outcome };
  writeFileAtomic(sidecarOf(file), `${JSON.stringify(verification, null, 2)}\n`, 0o600);
  await recordIfRunning(
    paths,
    outcome.ok
      ? { event: "backup.verified", outcome: "ok", actor, target: name, data: { sha256 } }
      : failedEvent("verify", actor, outcome.notes[0], { name }),
  );
  return { file, verification };
}

export interface PreparedRestore {
  file: string;
  header: ArchiveHeader;
  parts: RestorePart[];
  running: boolean;
  plan: RestorePlan;
  apply(): Promise<RestoreOutcome>;
}

/**
 * Proves a backup and works out what restoring it would do; nothing changes before `apply`.
 * @param options.target the home it goes to. @param options.only parts to restore; undefined: all that it holds.
 * @throws AppError naming why it cannot be restored there.
 */
export async function prepareRestore(
  context: BackupContext,
  options: Wanted & { target: HomePaths; only: readonly RestorePart[] | undefined },
): Promise<PreparedRestore> {
  const { paths, env, actor, now, onProgress } = context;
  const { target, masterKeyFile } = options;
  const file = locateBackup(backupFolder(paths), options.wanted);
  const name = basename(file);
  const homes = [target, paths];
  const archive = await openArchive(file, name, () => masterCandidates({ file: masterKeyFile, env, homes }));
  const parts = partsOf(archive, options.only, name);
  refuseOtherVersion(
    archive.header,
    { version: VERSION, schema: newestMigration() },
    name,
    parts.has("policy") || parts.has("data"),
  );
  onProgress(`reading ${name}`);
  const survey = await surveyArchive(archive, name);
  const running = isRunning(target);
  const readUrl = running ? openRunning(target).ownerUrl : (env.DATABASE_URL ?? null);
  const masterFromEnv = env.OPENCLAW_MASTER_KEY !== undefined || env.OPENCLAW_MASTER_KEY_FILE !== undefined;
  const plan = await planRestore(survey, parts, { paths: target, running, readUrl, masterFromEnv });
  const apply = () =>
    restoreBackup({ archive, survey, plan, parts, paths: target, running, env, actor, now, onProgress });
  return { file, header: archive.header, parts: [...parts], running, plan, apply };
}

function partsOf({ header }: OpenArchive, only: readonly RestorePart[] | undefined, name: string): Set<RestorePart> {
  const held = RESTORE_PARTS.filter(
    (part) => (part !== "data" || header.kind === "full") && (part !== "keys" || header.encryption !== "none"),
  );
  const missing = only?.filter((part) => !held.includes(part)) ?? [];
  if (missing.length > 0) {
    throw new AppError("INVALID_INPUT", `${name} holds no ${missing.join(" and no ")}: it has ${held.join(", ")}.`);
  }
  return new Set(only ?? held);
}

const createdEvent = (created: CreatedBackup, actor: Actor): AuditEventInput => ({
  event: "backup.created",
  outcome: "ok",
  actor,
  target: basename(created.file),
  data: {
    kind: created.kind,
    bytes: created.bytes,
    sha256: created.sha256,
    encrypted: created.encrypted,
    rows: created.rows,
    files: created.files,
  },
});

const removedEvent = (name: string, actor: Actor): AuditEventInput => ({
  event: "backup.removed",
  outcome: "ok",
  actor,
  target: name,
});

const failedEvent = (step: string, actor: Actor, error: unknown, data: AuditData): AuditEventInput => ({
  event: "backup.failed",
  outcome: "failed",
  actor,
  reason: step,
  data: { ...data, message: redactText(messageOf(error)) },
});

async function record(ownerUrl: string, events: readonly AuditEventInput[]): Promise<void> {
  const client = await connectOwner(ownerUrl);
  try {
    await recordEventsOn(client, events);
  } finally {
    await client.end();
  }
}

/** What happens to files while no database runs cannot be recorded, and is no reason to fail. */
async function recordIfRunning(paths: HomePaths, event: AuditEventInput): Promise<void> {
  await Promise.resolve()
    .then(() => record(openRunning(paths).ownerUrl, [event]))
    .catch(() => undefined);
}

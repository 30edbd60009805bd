/** Restores a backup: proves the whole archive, says what would happen, and does it completely or not at all. */
import { existsSync, rmSync } from "node:fs";
import { Readable } from "node:stream";
import type { Client } from "pg";
import { recordEventsOn } from "#server/audit/index.ts";
import type { Actor } from "#server/audit/schema.ts";
import type { OpenArchive } from "#server/backups/archive.ts";
import { hasOwnDatabase, lockHome, openRunning, openStopped, OWNER_KEY_NAME } from "#server/backups/home-database.ts";
import { placeInHome } from "#server/backups/home-files.ts";
import { stampOf } from "#server/backups/names.ts";
import { masterText, openKeyringCopy } from "#server/backups/keyring-copy.ts";
import { beginTables, type TableRestore } from "#server/backups/restore/database.ts";
import { stageFiles, type StagedFiles } from "#server/backups/restore/files.ts";
import { KEYRING_NAME } from "#server/backups/restore/plan-keys.ts";
import { dataRefused, hasRows, type RestorePlan } from "#server/backups/restore/plan.ts";
import type { Survey } from "#server/backups/restore/survey.ts";
import type { EntryHead, RestorePart } from "#server/backups/schema.ts";
import { connectOwner, isPolicy, readSchemaName, readTables } from "#server/backups/tables.ts";
import { loadConfig, resolveLocation, type LoadedConfig } from "#server/config/index.ts";
import { masterSecretFile } from "#server/core/crypto/keyring/index.ts";
import { migrate, newestMigration } from "#server/core/db/migrate.ts";
import type { Env } from "#server/core/env.ts";
import { AppError } from "#server/core/errors.ts";
import type { HomePaths } from "#server/core/paths.ts";

export interface RestoreOptions {
  archive: OpenArchive;
  survey: Survey;
  plan: RestorePlan;
  parts: ReadonlySet<RestorePart>;
  paths: HomePaths;
  running: boolean;
  env: Pick<Env, "DATABASE_URL" | "OPENCLAW_MASTER_KEY" | "OPENCLAW_MASTER_KEY_FILE">;
  actor: Actor;
  now: Date;
  onProgress?: (text: string) => void;
}

export interface RestoreOutcome {
  rows: number;
  files: number;
  /** Where files that stood in the home are kept. */
  kept: string[];
}

/** @throws AppError for everything that the plan could not know; nothing has changed then. */
export async function restoreBackup(options: RestoreOptions): Promise<RestoreOutcome> {
  const { paths, running } = options;
  const made = running ? [] : foldersOf(paths).filter((folder) => !existsSync(folder));
  try {
    return await withTarget(options, (ownerUrl) => restoreInto(options, ownerUrl));
  } catch (error) {
    // Outermost first: what is in them goes with them.
    made.forEach((folder) => rmSync(folder, { recursive: true, force: true }));
    throw error;
  }
}

function foldersOf(paths: HomePaths): string[] {
  const { home, configDir, dataDir, logsDir, backupsDir, quarantineDir, keysDir, runDir, cacheDir } = paths;
  return [home, configDir, dataDir, logsDir, backupsDir, quarantineDir, keysDir, runDir, cacheDir];
}

/** @param work gets the owner's connection, or null where the home has no database and gets none. */
async function withTarget<T>(options: RestoreOptions, work: (ownerUrl: string | null) => Promise<T>): Promise<T> {
  const { paths, running, env, survey, parts } = options;
  if (!running && !parts.has("policy") && !parts.has("data") && !hasOwnDatabase(paths)) {
    const lock = lockHome(paths);
    try {
      return await work(null);
    } finally {
      lock.release();
    }
  }
  const ownerKey = parts.has("keys") ? (survey.keys.get(OWNER_KEY_NAME) ?? null) : null;
  const database = running ? openRunning(paths) : await openStopped(paths, env, ownerKey);
  let result: T;
  try {
    result = await work(database.ownerUrl);
  } catch (error) {
    await database.discard();
    throw error;
  }
  await database.close();
  return result;
}

async function restoreInto(options: RestoreOptions, ownerUrl: string | null): Promise<RestoreOutcome> {
  const files = stageFiles(stampOf(options.now));
  const client = ownerUrl === null ? null : await connectOwner(ownerUrl);
  try {
    if (client !== null && ownerUrl !== null) {
      await bringToVersion(client, ownerUrl, options);
      await client.query("BEGIN");
      await refuseFilled(client, options);
    }
    const counts = await readIn(options, files, client);
    await checkKeyring(options);
    if (client !== null) {
      await recordEventsOn(client, [restoredEvent(options, counts)]);
    }
    const kept = files.swap();
    await client?.query("COMMIT");
    return { ...counts, kept };
  } catch (error) {
    files.undo();
    await client?.query("ROLLBACK").catch(() => undefined);
    throw error;
  } finally {
    await client?.end();
  }
}

/** A stopped home is brought to this version, as its next start would. */
async function bringToVersion(client: Client, ownerUrl: string, { paths, running }: RestoreOptions): Promise<void> {
  const schema = await readSchemaName(client);
  if (schema !== null && schema !== newestMigration()) {
    throw new AppError(
      "CONFLICT",
      `The database of ${paths.home} is of another version (${schema}; this one has ${newestMigration()}). Start the gateway of this version on it once, ` +
        "then restore. Nothing was changed.",
    );
  }
  if (!running) {
    await migrate(ownerUrl);
  }
}

/** Again, and inside the transaction: the plan may be older than what has been recorded since. */
async function refuseFilled(client: Client, { paths, parts }: RestoreOptions): Promise<void> {
  const filled: string[] = [];
  for (const { name } of parts.has("data") ? await readTables(client) : []) {
    if (!isPolicy(name) && (await hasRows(client, name))) {
      filled.push(name);
    }
  }
  if (filled.length > 0) {
    throw dataRefused(paths, filled);
  }
}

async function readIn(
  options: RestoreOptions,
  files: StagedFiles,
  client: Client | null,
): Promise<{ rows: number; files: number }> {
  const { archive, parts, onProgress = () => undefined } = options;
  const tables = client === null ? null : await beginTables(client, await readTables(client), parts.has("policy"));
  const places = placesFor(options);
  const counts = { rows: 0, files: 0 };
  const entries = archive.entries();
  for (let next = await entries.next(); next.done !== true; next = await entries.next()) {
    const { head, content } = next.value;
    if (head.type === "table") {
      counts.rows += await addTable(tables, head, content, parts, onProgress);
    } else if (head.type === "file") {
      const place = places(head);
      if (place !== null) {
        await files.add(place.path, place.mode, content);
        counts.files += 1;
      }
    }
  }
  const master = options.plan.items.find(({ part, what }) => part === "keys" && what === "master-secret");
  if (master?.action === "new" || master?.action === "replace") {
    await files.add(
      masterSecretFile(options.paths),
      0o600,
      Readable.from([Buffer.from(masterText(options.survey.master), "utf8")]),
    );
  }
  await tables?.finish({ withPolicy: parts.has("policy"), withData: parts.has("data") });
  return counts;
}

async function addTable(
  tables: TableRestore | null,
  head: Extract<EntryHead, { type: "table" }>,
  content: AsyncIterable<Uint8Array>,
  parts: ReadonlySet<RestorePart>,
  onProgress: (text: string) => void,
): Promise<number> {
  if (tables === null || !parts.has(isPolicy(head.name) ? "policy" : "data")) {
    return 0;
  }
  onProgress(`table ${head.name}`);
  return tables.add(head, content);
}

type FileHead = Extract<EntryHead, { type: "file" }>;

/** Where each file of the archive goes, and with which mode; null for those that stay out. */
function placesFor(options: RestoreOptions): (head: FileHead) => { path: string; mode: number } | null {
  const { paths, parts, plan } = options;
  const { config } = configAfter(options);
  const record = resolveLocation("logging.audit.file", config.logging.audit.file, paths);
  const wanted = new Set(
    plan.items
      .filter(({ action }) => action === "new" || action === "replace")
      .map(({ part, what }) => `${part} ${what}`),
  );
  return (head) => {
    const path = placeInHome(paths, head, record);
    if (path === null) {
      return null;
    }
    switch (head.area) {
      case "config":
        return wanted.has(`config ${paths.configFile}`)
          ? { path, mode: config.security.storage.configPermissions }
          : null;
      case "keys":
        return wanted.has(`keys ${head.name}`) ? { path, mode: 0o600 } : null;
      case "quarantine":
        return parts.has("data") ? { path, mode: 0o600 } : null;
      case "logs":
        return parts.has("data") ? { path, mode: config.security.storage.logPermissions } : null;
    }
  };
}

/** The configuration that the home will have. */
function configAfter({ survey, parts, paths }: RestoreOptions): LoadedConfig {
  return survey.config !== null && parts.has("config")
    ? loadConfig(paths.configFile, { text: survey.config.toString("utf8") })
    : loadConfig(paths.configFile);
}

/** A keyring that the master secret does not open would leave the home unable to start. */
async function checkKeyring({ plan, survey, paths }: RestoreOptions): Promise<void> {
  const item = plan.items.find(({ part, what }) => part === "keys" && what === KEYRING_NAME);
  const content = survey.keys.get(KEYRING_NAME);
  if (content === undefined || (item?.action !== "new" && item?.action !== "replace")) {
    return;
  }
  await openKeyringCopy(paths.keysDir, content, survey.master);
}

function restoredEvent({ survey, parts, actor }: RestoreOptions, counts: { rows: number; files: number }) {
  const { id, kind, createdAt, version } = survey.header;
  return {
    event: "backup.restored" as const,
    outcome: "ok" as const,
    actor,
    target: survey.name,
    data: { id, kind, createdAt, version, parts: [...parts], ...counts },
  };
}

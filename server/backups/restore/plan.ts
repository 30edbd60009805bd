/** What a restore would do, worked out before anything is touched. Reads only. */
import { existsSync, readFileSync } from "node:fs";
import type { Client } from "pg";
import { hash } from "node:crypto";
import { configFiles, keyFiles } from "#server/backups/home-files.ts";
import { hasOwnDatabase } from "#server/backups/home-database.ts";
import { readTable } from "#server/backups/read-table.ts";
import { KEYRING_NAME, planKeys, type KeyAction } from "#server/backups/restore/plan-keys.ts";
import { rowKey, type RowHashes, type Survey } from "#server/backups/restore/survey.ts";
import type { RestorePart } from "#server/backups/schema.ts";
import { connectOwner, isPolicy, readTables, type Table } from "#server/backups/tables.ts";
import { loadConfig, type LoadedConfig } from "#server/config/index.ts";
import { masterSecretFile } from "#server/core/crypto/keyring/index.ts";
import { AppError } from "#server/core/errors.ts";
import type { HomePaths } from "#server/core/paths.ts";

interface PlanItem {
  part: RestorePart;
  what: string;
  action: KeyAction;
  detail: string | null;
}

export interface RestorePlan {
  items: PlanItem[];
  /** What the person should know before saying yes. */
  warnings: string[];
}

export interface Target {
  paths: HomePaths;
  /** A gateway runs on the home. */
  running: boolean;
  /** Connection to look at without changing anything; null for a home whose database does not run. */
  readUrl: string | null;
  /** The master secret comes from the environment. */
  masterFromEnv: boolean;
}

/**
 * @throws AppError CONFLICT for what may not be done to this home, CONFIG_INVALID when the configuration of the backup cannot be used.
 */
export async function planRestore(
  survey: Survey,
  parts: ReadonlySet<RestorePart>,
  target: Target,
): Promise<RestorePlan> {
  const items: PlanItem[] = [];
  const warnings: string[] = [];
  const config = checkConfig(survey, parts, target, warnings);
  if (parts.has("config")) {
    items.push(planConfig(survey, target));
  }
  if (parts.has("keys")) {
    items.push(...keyItems(survey, parts, target));
    warnings.push(...masterWarnings(survey, items, target));
  }
  if (parts.has("policy") || parts.has("data")) {
    items.push(...(await databaseItems(survey, parts, target)));
  }
  if (parts.has("data")) {
    items.push(...fileItems(survey));
    refuseWithoutKeys(survey, parts, target);
  }
  if (parts.has("policy") && !survey.keys.has("token-pepper") && !existsSync(`${target.paths.keysDir}/token-pepper`)) {
    warnings.push("The backup holds no keys and this home has none: tokens made before will not work.");
  }
  if (config !== null && config.owned.size > 0 && parts.has("policy")) {
    warnings.push(`The configuration file decides in place of the database on: ${[...config.owned].join(", ")}.`);
  }
  return { items, warnings };
}

function planConfig({ config }: Survey, { paths }: Target): PlanItem {
  const item = { part: "config" as const, what: paths.configFile };
  if (config === null) {
    return { ...item, action: "skip", detail: "the backup holds none: every setting had its default" };
  }
  const present = configFiles(paths)[0];
  if (present === undefined) {
    return { ...item, action: "new", detail: null };
  }
  return readFileSync(present.path).equals(config)
    ? { ...item, action: "same", detail: null }
    : { ...item, action: "replace", detail: "the present one is kept beside it" };
}

/** What could not be loaded is not put in the place of something that can. */
function checkConfig(
  survey: Survey,
  parts: ReadonlySet<RestorePart>,
  { paths, running }: Target,
  warnings: string[],
): LoadedConfig | null {
  if (survey.config === null || !parts.has("config")) {
    return null;
  }
  const loaded = loadConfig(`${survey.name} (configuration)`, { text: survey.config.toString("utf8") });
  const reasons = loaded.refusals.map(({ path, reason }) => `${path} ${reason}`);
  if (reasons.length > 0 && running) {
    throw new AppError(
      "CONFLICT",
      `The gateway that runs on ${paths.home} would not accept the configuration of the backup: ${reasons.join("; ")}. Nothing was changed.`,
    );
  }
  warnings.push(...reasons.map((reason) => `The gateway will not start before this is corrected: ${reason}.`));
  return loaded;
}

function keyItems(survey: Survey, parts: ReadonlySet<RestorePart>, { paths, running, readUrl }: Target): PlanItem[] {
  const home = new Map(keyFiles(paths).map(({ name, path }) => [name, readFileSync(path)]));
  const hasDatabase = running || readUrl !== null || hasOwnDatabase(paths);
  const planned = planKeys({ backup: survey.keys, home, withData: parts.has("data"), hasDatabase });
  const replaced = planned.filter(({ action }) => action === "replace").map(({ name }) => name);
  if (running && replaced.length > 0) {
    throw new AppError(
      "CONFLICT",
      `The keys of the backup differ from those of the gateway that runs on ${paths.home} (${replaced.join(", ")}). Stop the gateway and say it ` +
        "again to replace them, or restore the rest alone: --only config,policy. Nothing was changed.",
    );
  }
  return planned.map(({ name, action, why }) => ({ part: "keys", what: name, action, detail: why }));
}

/** The restored keyring opens with the secret that opened the backup: the home has to have it. */
function masterWarnings({ master }: Survey, items: PlanItem[], { paths, masterFromEnv }: Target): string[] {
  const keyring = items.find(({ part, what }) => part === "keys" && what === KEYRING_NAME);
  if (keyring?.action !== "new" && keyring?.action !== "replace") {
    return [];
  }
  const file = masterSecretFile(paths);
  if (!master.fromHome) {
    return masterFromEnv
      ? []
      : [`Start the gateway with OPENCLAW_MASTER_KEY_FILE=${master.source}: the keys open with it.`];
  }
  const present = existsSync(file) ? Buffer.from(readFileSync(file, "utf8").trim(), "base64") : null;
  const action = present === null ? "new" : present.equals(master.secret) ? "same" : "replace";
  items.push({ part: "keys", what: "master-secret", action, detail: `from ${master.source}` });
  return masterFromEnv
    ? [
        "Start the gateway without OPENCLAW_MASTER_KEY and OPENCLAW_MASTER_KEY_FILE: the keys open with the restored keys/master-secret.",
      ]
    : [];
}

async function databaseItems(
  { manifest, policy }: Survey,
  parts: ReadonlySet<RestorePart>,
  { readUrl, paths }: Target,
): Promise<PlanItem[]> {
  const wanted = manifest.entries.filter(
    (entry) => entry.type === "table" && parts.has(isPolicy(entry.name) ? "policy" : "data"),
  );
  return withReader(readUrl, async (reader) => {
    const items: PlanItem[] = [];
    const filled: string[] = [];
    for (const entry of wanted) {
      if (entry.type !== "table") {
        continue;
      }
      const table = reader?.tables.find(({ name }) => name === entry.name);
      const item = { part: isPolicy(entry.name) ? ("policy" as const) : ("data" as const), what: entry.name };
      const theirs = policy.get(entry.name);
      if (reader === null || table === undefined) {
        const detail = hasOwnDatabase(paths) ? "compared when the database runs" : null;
        items.push({
          ...item,
          action: hasOwnDatabase(paths) ? "replace" : "new",
          detail: rowsText(entry.rows, detail),
        });
      } else if (theirs !== undefined) {
        items.push({ ...item, ...compareRows(theirs, await hashTable(reader.client, table)) });
      } else if (await hasRows(reader.client, entry.name)) {
        filled.push(entry.name);
      } else {
        items.push({ ...item, action: "new", detail: rowsText(entry.rows, null) });
      }
    }
    if (filled.length > 0) {
      throw dataRefused(paths, filled);
    }
    return items;
  });
}

const rowsText = (rows: number, detail: string | null): string =>
  `${rows} ${rows === 1 ? "row" : "rows"}${detail === null ? "" : `; ${detail}`}`;

export function dataRefused(paths: HomePaths, tables: readonly string[]): AppError {
  return new AppError(
    "CONFLICT",
    `The database of ${paths.home} holds data already (${tables.join(", ")}). Data is never overwritten: runs and the record would no longer be what ` +
      "happened. Restore the rest with --only config,policy, or everything into an empty home: --home FOLDER. Nothing was changed.",
  );
}

function compareRows(backup: RowHashes, now: RowHashes): Pick<PlanItem, "action" | "detail"> {
  const added = [...backup.keys()].filter((key) => !now.has(key)).length;
  const gone = [...now.keys()].filter((key) => !backup.has(key)).length;
  const changed = [...backup].filter(([key, digest]) => now.has(key) && now.get(key) !== digest).length;
  return added + gone + changed === 0
    ? { action: "same", detail: rowsText(backup.size, null) }
    : {
        action: "replace",
        detail: rowsText(backup.size, `${added} come back, ${changed} change, ${gone} made since`),
      };
}

function fileItems({ manifest }: Survey): PlanItem[] {
  return (["quarantine", "logs"] as const).flatMap((area) => {
    const count = manifest.entries.filter((entry) => entry.type === "file" && entry.area === area).length;
    return count === 0 ? [] : [{ part: "data" as const, what: area, action: "new" as const, detail: `${count} files` }];
  });
}

/** Rows are sealed and chained with keys: without them nobody could read or go on with the data. */
function refuseWithoutKeys({ name, keys }: Survey, parts: ReadonlySet<RestorePart>, { paths }: Target): void {
  const restored = parts.has("keys") && keys.has(KEYRING_NAME);
  if (!restored && !existsSync(`${paths.keysDir}/${KEYRING_NAME}`)) {
    throw new AppError(
      "CONFLICT",
      `The data of ${name} cannot be used without its keys, which ${keys.size === 0 ? "are not in it because it is not encrypted" : "are left out"}. ` +
        `Put the keys into ${paths.keysDir} first, or restore the rest: --only config,policy. Nothing was changed.`,
    );
  }
}

interface Reader {
  client: Client;
  tables: Table[];
}

async function withReader<T>(url: string | null, work: (reader: Reader | null) => Promise<T>): Promise<T> {
  if (url === null) {
    return work(null);
  }
  const client = await connectOwner(url);
  try {
    await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    return await work({ client, tables: await readTables(client) });
  } finally {
    await client.end();
  }
}

async function hashTable(client: Client, table: Table): Promise<RowHashes> {
  const rows = new Map<string, string>();
  for await (const lines of readTable(client, table)) {
    lines.forEach((line) => rows.set(rowKey(line), hash("sha256", line)));
  }
  return rows;
}

export async function hasRows(client: Client, table: string): Promise<boolean> {
  const { rows } = await client.query<{ some: boolean }>(`SELECT EXISTS (SELECT FROM public."${table}") AS some`);
  return rows[0]?.some === true;
}

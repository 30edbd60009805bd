/**
 * Everything checks are judged from, gathered once and side by side. A source that cannot be read, or not in time, becomes a fact of its own:
 * its checks do not run, and the report says so.
 */
import { join } from "node:path";
import type { Pool } from "pg";
import { listBackups } from "#server/backups/index.ts";
import {
  configuredPaths,
  inspectConfig,
  readConfigFile,
  resolveLocation,
  type LoadedConfig,
} from "#server/config/index.ts";
import type { Config } from "#server/config/schema.ts";
import type { Db } from "#server/core/db/client.ts";
import { lookupVariable, type Env } from "#server/core/env.ts";
import { messageOf } from "#server/core/errors.ts";
import type { HomePaths } from "#server/core/paths.ts";
import { compareFirewall, firewallIntent, readMachineRules } from "#server/firewall/index.ts";
import { checkHome } from "#server/permissions/index.ts";
import { configuredPolicy } from "#server/policy-inputs.ts";
import { accessState, memberState, senderState } from "#server/scan/facts/access.ts";
import { certificateFacts } from "#server/scan/facts/certificate.ts";
import { configurationFacts } from "#server/scan/facts/configuration.ts";
import { dependencyFacts } from "#server/scan/facts/dependencies.ts";
import { machineFacts } from "#server/scan/facts/machine.ts";
import { databaseState, engineState, modelState, recordState } from "#server/scan/facts/running.ts";
import type { Reading, ScanFacts } from "#server/scan/facts/sources.ts";
import { upkeepState } from "#server/scan/facts/upkeep.ts";
import { surroundingFacts } from "#server/scan/facts/surroundings.ts";

export interface ScanSurroundings {
  paths: HomePaths;
  env: Pick<Env, "OPENCLAW_MASTER_KEY" | "OPENCLAW_MASTER_KEY_FILE">;
  /** Opens encrypted values of the configuration; absent = they are not judged. */
  open?: ((path: string, sealed: string) => string) | undefined;
  lookup?: (variable: string) => string | undefined;
  /** Null while no gateway runs. */
  database: { db: Db; pool: Pool } | null;
  now: Date;
  /** Folder of the product. */
  productRoot?: string;
  /** Milliseconds one source may take. */
  timeLimitMs?: number;
}

const PRODUCT_ROOT = join(import.meta.dirname, "../../..");
const TIME_LIMIT_MS = 5_000;
const STOPPED = "the gateway does not run";

export async function gatherFacts({
  paths,
  env,
  open,
  lookup = lookupVariable,
  database,
  now,
  productRoot = PRODUCT_ROOT,
  timeLimitMs = TIME_LIMIT_MS,
}: ScanSurroundings): Promise<ScanFacts> {
  const text = readText(paths);
  const inspection = inspectConfig(text.read ? text.value : undefined, { paths, lookup, open });
  const sound = (): Config => {
    if (!text.read) {
      throw new Error(text.why);
    }
    if (inspection.config === undefined) {
      throw new Error(`${paths.configFile} cannot be read: openclaw config validate says why`);
    }
    return inspection.config;
  };
  const read = <T>(work: () => T | Promise<T>): Promise<Reading<T>> => inTime(work, timeLimitMs);
  const readDatabase = <T>(work: (db: Db, pool: Pool) => Promise<T>): Promise<Reading<T>> =>
    database === null ? Promise.resolve({ read: false, why: STOPPED }) : read(() => work(database.db, database.pool));
  // Questions to the database go out first: it works while this process looks at files.
  const running = {
    access: readDatabase((db, pool) =>
      accessState(db, pool, configuredPolicy(asLoaded(sound(), inspection.owned)), now),
    ),
    members: readDatabase((db) => memberState(db, now)),
    senders: readDatabase((db) => senderState(db, now)),
    engine: readDatabase((db) => engineState(db)),
    record: readDatabase((db, pool) => recordState(db, pool, now)),
    database: readDatabase((_, pool) => databaseState(pool)),
    models: readDatabase((_, pool) => modelState(pool, now)),
    upkeep: readDatabase((db, pool) => upkeepState(db, pool)),
  };
  const dependencies = read(() => dependencyFacts(productRoot));
  const firewall = read(async () => {
    const { disagreements, unknown } = compareFirewall(firewallIntent(sound()), await readMachineRules());
    if (disagreements.length === 0 && unknown.length > 0) {
      throw new Error(unknown.join("; "));
    }
    return disagreements;
  });
  const folders = configuredOr(paths);
  const sources = {
    problems: await read(() => {
      if (!text.read) {
        throw new Error(text.why);
      }
      return inspection.problems;
    }),
    configuration: await read(() =>
      configurationFacts(
        paths.configFile,
        text.read && text.value !== undefined,
        { ...inspection, config: sound() },
        { lookup, open },
      ),
    ),
    // Also where the configuration cannot be read: then what is so by default is expected.
    files: await read(() => checkHome(folders, inspection.config ?? defaults(paths), env).findings),
    surroundings: await read(() => surroundingFacts(paths, env, productRoot)),
    certificate: await read(() => certificateFacts(sound(), paths, now)),
    machine: await read(() => machineFacts(paths)),
    backups: await read(() =>
      listBackups(resolveLocation("security.storage.backupPath", sound().security.storage.backupPath, paths)),
    ),
    dependencies: await dependencies,
    firewall: await firewall,
    access: await running.access,
    members: await running.members,
    senders: await running.senders,
    engine: await running.engine,
    record: await running.record,
    database: await running.database,
    models: await running.models,
    upkeep: await running.upkeep,
  };
  const hasFile = text.read && text.value !== undefined;
  return {
    at: now,
    sources,
    file: paths.configFile,
    place: (path) => (hasFile ? inspection.place(path) : null),
  };
}

function readText(paths: HomePaths): Reading<string | undefined> {
  try {
    return { read: true, value: readConfigFile(paths.configFile) };
  } catch (error) {
    return { read: false, why: messageOf(error) };
  }
}

/** The folders that the configuration names, or those of the home where it cannot be read. */
function configuredOr(paths: HomePaths): HomePaths {
  try {
    return configuredPaths(paths);
  } catch {
    return paths;
  }
}

function defaults(paths: HomePaths): Config {
  const { config } = inspectConfig(undefined, { paths });
  if (config === undefined) {
    throw new Error("the defaults of the configuration are not valid");
  }
  return config;
}

const asLoaded = (config: Config, owned: ReadonlySet<string>): LoadedConfig => ({
  config,
  owned: owned as LoadedConfig["owned"],
  warnings: [],
  refusals: [],
  hash: "",
});

async function inTime<T>(work: () => T | Promise<T>, limitMs: number): Promise<Reading<T>> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Reading<T>>((resolve) => {
    timer = setTimeout(() => resolve({ read: false, why: `it took longer than ${limitMs} ms` }), limitMs);
  });
  try {
    // Not called before the race stands, so that what fails at once is caught as well.
    const done = Promise.resolve()
      .then(work)
      .then((value): Reading<T> => ({ read: true, value }));
    return await Promise.race([done, late]);
  } catch (error) {
    return { read: false, why: messageOf(error) };
  } finally {
    clearTimeout(timer);
  }
}

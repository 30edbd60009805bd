/** Brings a database to the current schema, and drafts new migrations from the Prisma schema files. */
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { MigrationList, SchemasContainer } from "@prisma/schema-engine-wasm/schema_engine_bg";
import { Client } from "pg";
import { AppError, messageOf } from "#server/core/errors.ts";
import { ensureJobQueues } from "#server/core/db/migrate-jobs.ts";
import { checkMayCreateRoles } from "#server/core/db/roles.ts";
import { openSchemaEngine, type OpenSchemaEngine } from "#server/core/db/schema-engine.ts";

const PRISMA_DIR = resolve(import.meta.dirname, "../../../prisma");
const MIGRATIONS_DIR = join(PRISMA_DIR, "migrations");
const SCHEMA_DIR = join(PRISMA_DIR, "schema");
/** What the engine writes when there is nothing to do. */
export const EMPTY_MIGRATION = "-- This is an empty migration.";

const NO_FILTER = { externalTables: [], externalEnums: [] };
/** Key of the advisory lock that lets one supervisor of a fleet migrate while the others wait. */
const MIGRATION_LOCK = 7_263_541_001;

/**
 * Applies what is missing and returns the names of the applied migrations. Safe to call at every start and from several processes.
 * @param ownerUrl connection of the role that owns the schema.
 * @throws AppError("STORE_UNAVAILABLE") with the failing statement's error; nothing of a failing migration stays behind.
 */
export async function migrate(ownerUrl: string): Promise<string[]> {
  const guard = new Client({ connectionString: ownerUrl, application_name: "openclaw:migrate" });
  guard.on("error", () => undefined);
  await guard.connect();
  try {
    await guard.query("SELECT pg_advisory_lock($1)", [MIGRATION_LOCK]);
    await checkMayCreateRoles(guard);
    const applied = await withEngine(ownerUrl, applyMissing);
    await ensureJobQueues(ownerUrl);
    return applied;
  } finally {
    await guard.end();
  }
}

/** SQL that leads from the migrations to the current schema files, `EMPTY_MIGRATION` when they agree. @param scratchUrl a migrated database. */
export async function draftMigration(scratchUrl: string): Promise<string> {
  return withEngine(scratchUrl, async (engine) => {
    const { stdout } = await engine.diff({
      from: { tag: "schemaDatasource", configDir: PRISMA_DIR, ...readSchema() },
      to: { tag: "schemaDatamodel", ...readSchema() },
      script: true,
      exitCode: null,
      filters: NO_FILTER,
    });
    return stdout ?? "";
  });
}

async function withEngine<T>(url: string, work: (engine: OpenSchemaEngine["engine"]) => Promise<T>): Promise<T> {
  const schema = readSchema();
  const { engine, close } = await openSchemaEngine(
    url,
    schema.files.map(({ path, content }) => [path, content]),
  );
  try {
    return await work(engine);
  } finally {
    await close();
  }
}

async function applyMissing(engine: OpenSchemaEngine["engine"]): Promise<string[]> {
  const migrationsList = readMigrations();
  const history = await engine.diagnoseMigrationHistory({
    migrationsList,
    optInToShadowDatabase: false,
    filters: NO_FILTER,
  });
  // A migration runs in one transaction, so one that was cut off (kill -9, full disk) left nothing and can simply run again.
  for (const migrationName of history.failedMigrationNames) {
    await engine.markMigrationRolledBack({ migrationName });
  }
  try {
    const { appliedMigrationNames } = await engine.applyMigrations({ migrationsList, filters: NO_FILTER });
    return appliedMigrationNames;
  } catch (error) {
    throw new AppError("STORE_UNAVAILABLE", `The database could not be brought to this version: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** The name of the newest migration of this version. */
export function newestMigration(): string {
  return migrationNames().at(-1) ?? "";
}

function migrationNames(): string[] {
  return readdirSync(MIGRATIONS_DIR, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

function readMigrations(): MigrationList {
  const names = migrationNames();
  return {
    baseDir: MIGRATIONS_DIR,
    lockfile: {
      path: "migration_lock.toml",
      content: readFileSync(join(MIGRATIONS_DIR, "migration_lock.toml"), "utf8"),
    },
    shadowDbInitScript: "",
    migrationDirectories: names.map((path) => ({
      path,
      migrationFile: {
        path: "migration.sql",
        content: { tag: "ok", value: readFileSync(join(MIGRATIONS_DIR, path, "migration.sql"), "utf8") },
      },
    })),
  };
}

function readSchema(): SchemasContainer {
  const files = readdirSync(SCHEMA_DIR)
    .filter((name) => name.endsWith(".prisma"))
    .sort();
  return {
    files: files.map((name) => ({
      path: join(SCHEMA_DIR, name),
      content: readFileSync(join(SCHEMA_DIR, name), "utf8"),
    })),
  };
}

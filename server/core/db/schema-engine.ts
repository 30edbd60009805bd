/**
 * Prisma's schema engine as WebAssembly: migrations without the native engine binary, which is downloaded at install time and is out of
 * reach of a closed network.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, dirname } from "node:path";
import { pathToFileURL } from "node:url";
import { PrismaPg } from "@prisma/adapter-pg";
import {
  bindMigrationAwareSqlAdapterFactory,
  ColumnTypeEnum,
  type SqlDriverAdapter,
  type SqlMigrationAwareDriverAdapterFactory,
} from "@prisma/driver-adapter-utils";
import { Pool, type QueryResult } from "pg";
import type * as EngineModule from "@prisma/schema-engine-wasm/schema_engine_bg";

export interface OpenSchemaEngine {
  engine: EngineModule.SchemaEngine;
  /** Ends the engine's connections, and with them the lock it takes on the database. */
  close: () => Promise<void>;
}

/** Type numbers of "char" and text. */
const CHAR_OID = 18;
const TEXT_OID = 25;

let loaded: Promise<typeof EngineModule> | undefined;

/** An engine on the database behind `connectionString`. @param datamodels pairs of file name and content of the Prisma schema. */
export async function openSchemaEngine(
  connectionString: string,
  datamodels: [string, string][],
): Promise<OpenSchemaEngine> {
  loaded ??= loadEngine();
  const { SchemaEngine } = await loaded;
  const pool = new Pool({ connectionString, application_name: "openclaw:schema-engine", max: 2 });
  pool.on("error", () => undefined);
  const factory = bindMigrationAwareSqlAdapterFactory(closeGaps(new PrismaPg(pool), pool));
  try {
    const engine = await SchemaEngine.new({ datamodels }, () => undefined, factory);
    return {
      engine,
      close: async () => {
        engine.free();
        await pool.end();
      },
    };
  } catch (error) {
    await pool.end();
    throw error;
  }
}

async function loadEngine(): Promise<typeof EngineModule> {
  // Node imports .wasm files only behind a flag, so the package's own entry cannot be used.
  const folder = dirname(createRequire(import.meta.url).resolve("@prisma/schema-engine-wasm"));
  const glue = (await import(pathToFileURL(join(folder, "schema_engine_bg.js")).href)) as typeof EngineModule &
    WebAssembly.ModuleImports;
  const compiled = new WebAssembly.Module(readFileSync(join(folder, "schema_engine_bg.wasm")));
  const instance = new WebAssembly.Instance(compiled, { "./schema_engine_bg.js": withLooseTimers(glue) });
  glue.__wbg_set_wasm(instance.exports);
  (instance.exports.__wbindgen_start as () => void)();
  return glue;
}

/** The engine leaves a ten-second timer behind; it must not keep a process alive that has nothing else to do. */
function withLooseTimers(glue: WebAssembly.ModuleImports): WebAssembly.ModuleImports {
  const imports: WebAssembly.ModuleImports = { ...glue };
  for (const name of Object.keys(imports).filter((key) => key.startsWith("__wbg_setTimeout_"))) {
    imports[name] = (callback: () => void, ms: number) => setTimeout(callback, ms).unref();
  }
  return imports;
}

/** Prisma's adapter with its two gaps closed, so that the engine can run real migrations and read a real catalogue. */
function closeGaps(inner: PrismaPg, pool: Pool): SqlMigrationAwareDriverAdapterFactory {
  const patch = (adapter: Awaited<ReturnType<PrismaPg["connect"]>>): SqlDriverAdapter => {
    runWholeScripts(adapter, pool);
    readCharColumns(adapter, pool);
    return adapter;
  };
  return {
    provider: inner.provider,
    adapterName: inner.adapterName,
    connect: async () => patch(await inner.connect()),
    connectToShadowDb: async () => patch(await inner.connectToShadowDb()),
  };
}

/**
 * The adapter cuts scripts at every semicolon, which breaks function bodies. PostgreSQL takes a whole script as one simple query, and
 * then runs it as one transaction: a migration is applied completely or not at all.
 */
function runWholeScripts(adapter: SqlDriverAdapter, pool: Pool): void {
  adapter.executeScript = async (script) => {
    await pool.query(script);
  };
}

/**
 * The adapter refuses columns of type "char", of which the system catalogue is full. They pass it as text and get their type back
 * afterwards. The engine sends one query at a time, so the columns seen last belong to the answer in hand.
 */
function readCharColumns(adapter: SqlDriverAdapter, pool: Pool): void {
  let charColumns: number[] = [];
  const query = pool.query.bind(pool) as (...args: unknown[]) => Promise<QueryResult>;
  const relabelled = async (...args: unknown[]): Promise<QueryResult> => {
    const result = await query(...args);
    const fields = Array.isArray(result) ? [] : result.fields;
    charColumns = fields.flatMap((field, index) => (field.dataTypeID === CHAR_OID ? [index] : []));
    for (const index of charColumns) {
      Object.assign(fields[index] ?? {}, { dataTypeID: TEXT_OID });
    }
    return result;
  };
  pool.query = relabelled as typeof pool.query;
  const queryRaw = adapter.queryRaw.bind(adapter);
  adapter.queryRaw = async (request) => {
    const answer = await queryRaw(request);
    const columnTypes = answer.columnTypes.map((type, index) =>
      charColumns.includes(index) ? ColumnTypeEnum.Character : type,
    );
    return { ...answer, columnTypes };
  };
}

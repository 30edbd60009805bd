/** Which tables a backup holds, and what the catalogue of the database says about them. */
import { Client } from "pg";
import { AppError, messageOf } from "#server/core/errors.ts";

/** Who may do what: part of every backup, in the order they are restored. */
export const POLICY_TABLES = ["role", "gateway_user", "channel_policy", "token"] as const;

/**
 * In no backup: the intake is sealed before, sign-ins, one-time links, open pairing codes and messages that wait for a code or an approval
 * and what agents were told to forget must not come to life again, workers announce themselves, the list of migrations is the new database's own, what budgets have used is
 * counted anew from the calls, notifications about alerts of another time must not be sent, and an old key that waits for the end of its grace must not outlive it.
 */
const LEFT_OUT = new Set([
  "alert_attempt",
  "alert_cursor",
  "alert_delivery",
  "alert_match",
  "alert_notice",
  "audit_intake",
  "backup_job",
  "console_session",
  "conversation_turn",
  "held_message",
  "invitation",
  "key_rotation",
  "model_budget",
  "model_reservation",
  "model_uncounted",
  "pairing_request",
  "run_approval",
  "sender_proof",
  "used_challenge",
  "worker_node",
  "_prisma_migrations",
]);

export interface Column {
  name: string;
  /** As PostgreSQL writes it in a cast. */
  type: string;
}

export interface Table {
  name: string;
  columns: Column[];
  /** Names of the columns of its primary key. */
  key: string[];
}

/** A connection of the schema's owner whose texts mean the same everywhere. @throws AppError("STORE_UNAVAILABLE"). */
export async function connectOwner(ownerUrl: string): Promise<Client> {
  const client = new Client({
    connectionString: ownerUrl,
    application_name: "openclaw:backup",
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
  });
  client.on("error", () => undefined);
  try {
    await client.connect();
  } catch (error) {
    throw new AppError(
      "STORE_UNAVAILABLE",
      `The database cannot be reached: ${messageOf(error)}. Check that it runs.`,
      {
        cause: error,
      },
    );
  }
  await client.query(
    "SET TimeZone = 'UTC'; SET DateStyle = 'ISO, YMD'; SET IntervalStyle = 'postgres'; SET bytea_output = 'hex'; SET extra_float_digits = 1; " +
      "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; SET search_path = public, pg_temp",
  );
  return client;
}

const CATALOGUE_SQL = `
SELECT c.relname AS table, a.attname AS column, format_type(a.atttypid, a.atttypmod) AS type,
       coalesce(a.attnum = ANY (i.indkey::int2[]), false) AS key
FROM pg_class c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
ORDER BY c.relname, a.attnum`;

const REFERENCES_SQL = `
SELECT DISTINCT conrelid::regclass::text AS child, confrelid::regclass::text AS parent
FROM pg_constraint WHERE contype = 'f' AND connamespace = 'public'::regnamespace AND conrelid <> confrelid`;

/** Every table that can be in a backup: the policy first, then the others, each after those that it refers to. */
export async function readTables(client: Client): Promise<Table[]> {
  const { rows } = await client.query<{ table: string; column: string; type: string; key: boolean }>(CATALOGUE_SQL);
  const references = await client.query<{ child: string; parent: string }>(REFERENCES_SQL);
  const found = new Map<string, Table>();
  for (const { table, column, type, key } of rows.filter((row) => !LEFT_OUT.has(row.table))) {
    const known = found.get(table) ?? { name: table, columns: [], key: [] };
    known.columns.push({ name: column, type });
    if (key) {
      known.key.push(column);
    }
    found.set(table, known);
  }
  const names = [...new Set([...POLICY_TABLES, ...found.keys()])];
  return parentsFirst(names, references.rows).flatMap((name) => found.get(name) ?? []);
}

export const isPolicy = (table: string): boolean => (POLICY_TABLES as readonly string[]).includes(table);

function parentsFirst(names: readonly string[], references: readonly { child: string; parent: string }[]): string[] {
  const ordered = new Set<string>();
  const place = (name: string, above: readonly string[]): void => {
    if (ordered.has(name) || above.includes(name)) {
      return;
    }
    references.filter(({ child }) => child === name).forEach(({ parent }) => place(parent, [...above, name]));
    ordered.add(name);
  };
  names.forEach((name) => place(name, []));
  return [...ordered];
}

/** The name of the newest migration that the database has, or null for one that is not ours yet. */
export async function readSchemaName(client: Client): Promise<string | null> {
  const { rows } = await client.query<{ there: boolean }>(
    "SELECT to_regclass('public._prisma_migrations') IS NOT NULL AS there",
  );
  if (rows[0]?.there !== true) {
    return null;
  }
  const newest = await client.query<{ name: string }>(
    "SELECT migration_name AS name FROM _prisma_migrations WHERE finished_at IS NOT NULL ORDER BY migration_name DESC LIMIT 1",
  );
  return newest.rows[0]?.name ?? null;
}

export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** @throws AppError("CONFLICT") when the archive has a table or column that this database has not. */
export function matchTable(
  tables: readonly Table[],
  { name, columns }: { name: string; columns: readonly string[] },
): { table: Table; columns: Column[] } {
  const table = tables.find((known) => known.name === name);
  const matched = columns.flatMap((wanted) => table?.columns.find((column) => column.name === wanted) ?? []);
  if (table === undefined || matched.length !== columns.length) {
    throw new AppError(
      "CONFLICT",
      `The backup has a table ${name} that this version does not have like that. Nothing was changed.`,
    );
  }
  return { table, columns: matched };
}

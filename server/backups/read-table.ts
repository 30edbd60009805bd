/** Rows of a table as lines of JSON: an array of each column's own text, or null. What PostgreSQL writes that way it reads back exactly. */
import type { Client } from "pg";
import { quoted, type Table } from "#server/backups/tables.ts";

/** What one answer of the database should hold at most. */
const BATCH_BYTES = 4 * 1024 * 1024;
const MAX_BATCH_ROWS = 2_000;

/**
 * Every row, in constant memory. To be called inside a transaction, one table at a time.
 * @param onRows told how many more rows were read.
 */
export async function* readTable(
  client: Client,
  table: Pick<Table, "name" | "columns">,
  onRows: (rows: number) => void = () => undefined,
): AsyncGenerator<string[], void, void> {
  const from = `public.${quoted(table.name)}`;
  const count = await batchRows(client, table, from);
  const texts = table.columns.map(({ name }) => `${quoted(name)}::text`).join(", ");
  await client.query(
    `DECLARE backup_rows NO SCROLL CURSOR FOR SELECT array_to_json(ARRAY[${texts}])::text AS line FROM ${from}`,
  );
  try {
    for (;;) {
      const { rows } = await client.query<{ line: string }>(`FETCH FORWARD ${count} FROM backup_rows`);
      if (rows.length === 0) {
        return;
      }
      onRows(rows.length);
      yield rows.map(({ line }) => line);
    }
  } finally {
    // Fails only where the transaction has failed, which closes it as well.
    await client.query("CLOSE backup_rows").catch(() => undefined);
  }
}

/** How many rows fit into a batch even if all were as large as the largest. Lengths are known without reading the values. */
async function batchRows(client: Client, { columns }: Pick<Table, "columns">, from: string): Promise<number> {
  const sizes = columns.map(({ name, type }) => {
    if (type === "bytea") {
      return `2 * coalesce(octet_length(${quoted(name)}), 0)`;
    }
    // Other types are known as they are stored, which may be compressed.
    return type === "text"
      ? `coalesce(octet_length(${quoted(name)}), 0)`
      : `8 * coalesce(pg_column_size(${quoted(name)}), 0)`;
  });
  const { rows } = await client.query<{ largest: number | null }>(
    `SELECT max((${sizes.join(" + ")})::float8) AS largest FROM ${from}`,
  );
  return Math.max(1, Math.min(MAX_BATCH_ROWS, Math.floor(BATCH_BYTES / Math.max(1, rows[0]?.largest ?? 1))));
}

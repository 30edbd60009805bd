/** Lines that `read-table.ts` wrote, back into a table. */
import type { Client } from "pg";
import { linesOf } from "#server/core/stream/bytes.ts";
import { quoted, type Column, type Table } from "#server/backups/tables.ts";

const BATCH_CHARACTERS = 4 * 1024 * 1024;
const BATCH_ROWS = 1_000;

/**
 * Adds the rows inside the caller's transaction. Names and types come from this database's own catalogue (`matchTable`), never from an archive.
 * @returns how many.
 */
export async function importTable(
  client: Client,
  { table, columns }: { table: Pick<Table, "name">; columns: readonly Column[] },
  content: AsyncIterable<Uint8Array>,
): Promise<number> {
  const names = columns.map(({ name }) => quoted(name)).join(", ");
  const values = columns.map(({ type }, index) => `(line ->> ${index})::${type}`).join(", ");
  const sql =
    `INSERT INTO public.${quoted(table.name)} (${names}) OVERRIDING SYSTEM VALUE ` +
    `SELECT ${values} FROM json_array_elements($1::json) AS lines (line)`;
  let lines: string[] = [];
  let characters = 0;
  let count = 0;
  const flush = async (): Promise<void> => {
    if (lines.length > 0) {
      await client.query(sql, [`[${lines.join(",")}]`]);
      count += lines.length;
      lines = [];
      characters = 0;
    }
  };
  for await (const line of linesOf(content)) {
    lines.push(line);
    characters += line.length;
    if (characters >= BATCH_CHARACTERS || lines.length >= BATCH_ROWS) {
      await flush();
    }
  }
  await flush();
  return count;
}

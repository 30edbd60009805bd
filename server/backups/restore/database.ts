/** Tables into a database, in one transaction of the owner: all of it, or nothing. */
import type { Client } from "pg";
import { importTable } from "#server/backups/import-table.ts";
import { isPolicy, matchTable, POLICY_TABLES, quoted, type Table } from "#server/backups/tables.ts";

export interface TableRestore {
  /** Adds one table's rows; rows of the policy take the place of those that are there. */
  add(head: { name: string; columns: readonly string[] }, content: AsyncIterable<Uint8Array>): Promise<number>;
  /** What has to hold when all tables are there. */
  finish(options: { withPolicy: boolean; withData: boolean }): Promise<void>;
}

/**
 * To be called inside a transaction.
 * @param tables of this database. @param withPolicy the policy will be replaced: nobody else changes it meanwhile.
 */
export async function beginTables(
  client: Client,
  tables: readonly Table[],
  withPolicy: boolean,
): Promise<TableRestore> {
  if (withPolicy) {
    await client.query(`LOCK TABLE ${POLICY_TABLES.join(", ")} IN SHARE ROW EXCLUSIVE MODE`);
    await client.query("CREATE TEMPORARY TABLE kept_token ON COMMIT DROP AS TABLE token");
  }
  return {
    async add(head, content) {
      const { table, columns } = matchTable(tables, head);
      const name = `public.${quoted(table.name)}`;
      if (isPolicy(table.name)) {
        // Its triggers tell every process that runs.
        await client.query(`DELETE FROM ${name}`);
        return importTable(client, { table, columns }, content);
      }
      // There is nobody to be told of every run and row that has been before.
      await client.query(`ALTER TABLE ${name} DISABLE TRIGGER USER`);
      const rows = await importTable(client, { table, columns }, content);
      await client.query(`ALTER TABLE ${name} ENABLE TRIGGER USER`);
      return rows;
    },
    async finish(done) {
      if (done.withPolicy) {
        await client.query(KEEP_REVOKED_SQL);
        await client.query(KEEP_NEWER_SQL);
      }
      if (done.withData) {
        await client.query(END_RUNS_SQL);
      }
    },
  };
}

/** A token that was revoked or replaced since the backup does not come to life again. */
const KEEP_REVOKED_SQL = `
UPDATE token SET
  revoked_at = coalesce(token.revoked_at, kept.revoked_at), revoked_reason = coalesce(token.revoked_reason, kept.revoked_reason),
  superseded_at = coalesce(token.superseded_at, kept.superseded_at), successor_id = coalesce(token.successor_id, kept.successor_id)
FROM pg_temp.kept_token AS kept
WHERE kept.id = token.id AND (kept.revoked_at IS NOT NULL OR kept.superseded_at IS NOT NULL)`;

/** Of the tokens made since the backup, those that took the place of one in it stay; all others are revoked. Their rows stay for the record. */
const KEEP_NEWER_SQL = [
  `UPDATE pg_temp.kept_token SET revoked_at = now(), revoked_reason = 'restored_backup'
   WHERE revoked_at IS NULL AND family_id NOT IN (SELECT family_id FROM token)`,
  "INSERT INTO token SELECT * FROM pg_temp.kept_token WHERE id NOT IN (SELECT id FROM token)",
].join(";\n");

/** A program that was waiting or running when the backup was made is not run again. */
const END_RUNS_SQL = `
WITH ended AS (
  UPDATE run SET state = 'cancelled', reason = 'cancelled', finished_at = now(),
    message = 'It was under way when the backup was made that has been restored. It is not run again.'
  WHERE state IN ('queued', 'running') RETURNING id, state, reason, exit_code, message
)
INSERT INTO run_event (run_id, seq, kind, data)
SELECT id, (SELECT coalesce(max(seq), 0) + 1 FROM run_event WHERE run_id = id), 'end',
  jsonb_build_object('state', state, 'reason', reason, 'exitCode', exit_code, 'message', message)
FROM ended`;

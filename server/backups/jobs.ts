/** The supervisor's side of jobs: taking them, telling how far they are, ending them. With the rights of the database's owner. */
import type { Pool } from "pg";
import { z } from "zod";
import { parseArchiveName } from "#server/backups/names.ts";
import { JOB_KINDS } from "#server/backups/schema.ts";

const ClaimedJob = z.object({
  id: z.string(),
  kind: z.enum(JOB_KINDS),
  name: z
    .string()
    .refine((name) => parseArchiveName(name) !== null)
    .nullable(),
  requestedType: z.enum(["member", "operator", "user", "token"]),
  requestedBy: z.string().regex(/^[\w.@:+-]{1,200}$/),
});
export type ClaimedJob = z.infer<typeof ClaimedJob>;

const MAX_TEXT = 2_000;
/** Ended jobs that are kept for each place. */
const KEPT = 100;

/**
 * Takes the oldest job of `place`; null when there is none. One whose row is not what the web process writes ends as failed: whoever could
 * write rows must not get the supervisor to work on files of their choice.
 */
export async function claimJob(pool: Pool, place: string): Promise<ClaimedJob | null> {
  const { rows } = await pool.query<{ id: string }>(
    `UPDATE backup_job SET state = 'running', started_at = now() WHERE id = (
       SELECT id FROM backup_job WHERE place = $1 AND state = 'queued' ORDER BY created_at LIMIT 1 FOR UPDATE SKIP LOCKED)
     RETURNING id, kind, name, requested_type AS "requestedType", requested_by AS "requestedBy"`,
    [place],
  );
  const [row] = rows;
  if (row === undefined) {
    return null;
  }
  const job = ClaimedJob.safeParse(row);
  if (job.success && (job.data.name === null) === job.data.kind.startsWith("create_")) {
    return job.data;
  }
  await endJob(pool, row.id, { state: "failed", message: "The request was not a valid one.", outcome: null });
  return null;
}

export async function tellProgress(pool: Pool, id: string, text: string): Promise<void> {
  await pool.query("UPDATE backup_job SET progress = $2 WHERE id = $1 AND state = 'running'", [id, cut(text)]);
}

interface JobEnd {
  state: "succeeded" | "failed";
  message: string | null;
  outcome: unknown;
}

export async function endJob(pool: Pool, id: string, { state, message, outcome }: JobEnd): Promise<void> {
  await pool.query(
    "UPDATE backup_job SET state = $2, message = $3, outcome = $4, progress = NULL, finished_at = now() WHERE id = $1",
    [id, state, message === null ? null : cut(message), outcome === null ? null : JSON.stringify(outcome)],
  );
  await pool.query(
    `DELETE FROM backup_job old USING backup_job ended WHERE ended.id = $1 AND old.place = ended.place AND old.finished_at IS NOT NULL
       AND old.id NOT IN (SELECT id FROM backup_job WHERE place = ended.place ORDER BY created_at DESC LIMIT ${KEPT})`,
    [id],
  );
}

/** At the start of the supervisor: nobody works on what an earlier one had taken. */
export async function endAbandoned(pool: Pool, place: string): Promise<void> {
  await pool.query(
    `UPDATE backup_job SET state = 'failed', message = 'The gateway was stopped meanwhile. Ask again.', progress = NULL, finished_at = now()
     WHERE place = $1 AND state = 'running'`,
    [place],
  );
}

const cut = (text: string): string => text.slice(0, MAX_TEXT);

/**
 * The counts of budgets in the database. What calls used lies in `model_uncounted`, stored in the commit that lists them, until it is counted:
 * taken out of there, added to its budgets and taken off its leases, all in one transaction. So it counts exactly once, whoever dies when, and
 * any number of processes may count side by side.
 *
 * **Why late counts admit nothing too much.** What a call used it had held, and what is held is reserved. Until it is counted, a use is still
 * part of its lease's reservation: `used + reserved` is the same before and after. Two things are not covered by a lease: what a call used
 * beyond what it held, which is counted at once and before this process takes more (`counter.ts`; to other processes it shows as soon as that
 * is committed); and uses of a lease that has expired, which is why all that is uncounted is counted before a lease is expired. A lease
 * expires a minute after the last call that took of it must have ended: what is stored later than that, or is being counted by another process
 * in that moment, is missing until it is counted, which is at most what the lease held.
 */
import type { Pool } from "pg";
import { inTransaction } from "#server/core/db/in-transaction.ts";
import { SUBJECT_COLUMNS, type AppliedBudget } from "#server/models/budgets.ts";

/** Rows in one transaction; each is of one commit of up to 500 calls. */
const BATCH_ROWS = 500;

/** Whoever counts shares it; whoever opens a count has it alone. */
const COUNTING_LOCK = "hashtextextended('model-counts', 0)";

/** More than anybody uses, and far enough from the end of bigint: an absurd amount must not stop the counting of all others. */
const MOST = "4000000000000000000";

const SUMS = "AS u (lease text, key text, period_start timestamptz, tokens numeric, nano numeric)";

/** Budgets are locked in the order of their keys, and leases after their budgets, as `lease-store.ts` does. */
const COUNT_SQL = `
WITH picked AS MATERIALIZED (
  SELECT id FROM model_uncounted ORDER BY id LIMIT ${BATCH_ROWS} FOR UPDATE SKIP LOCKED),
taken AS (
  DELETE FROM model_uncounted AS w USING picked WHERE w.id = picked.id RETURNING w.uses),
sums AS MATERIALIZED (
  SELECT lease, key, period_start, COALESCE(sum(tokens), 0) AS tokens, COALESCE(sum(nano), 0) AS nano
  FROM taken, json_to_recordset(uses::json) ${SUMS} GROUP BY lease, key, period_start),
locked AS (
  SELECT key, period_start FROM model_budget WHERE (key, period_start) IN (SELECT key, period_start FROM sums)
  ORDER BY key, period_start FOR UPDATE),
freed AS (
  UPDATE model_reservation AS r SET tokens = GREATEST(0, r.tokens - sums.tokens), cost_nano = GREATEST(0, r.cost_nano - sums.nano)
  FROM sums JOIN locked USING (key, period_start) WHERE r.lease_id = sums.lease AND r.key = sums.key
  RETURNING r.lease_id, r.key, r.period_start, sums.tokens, sums.nano, r.tokens = 0 AND r.cost_nano = 0 AS is_empty),
changes AS (
  SELECT key, period_start, sum(freed_tokens) AS freed_tokens, sum(freed_nano) AS freed_nano, sum(used_tokens) AS used_tokens,
    sum(used_nano) AS used_nano
  FROM (
    SELECT key, period_start, tokens AS freed_tokens, nano AS freed_nano, 0 AS used_tokens, 0 AS used_nano FROM freed
    UNION ALL
    SELECT key, period_start, 0, 0, tokens, nano FROM sums WHERE lease IS NULL) AS both_ways
  GROUP BY key, period_start),
counted AS (
  UPDATE model_budget AS b
  SET reserved_tokens = GREATEST(0, reserved_tokens - freed_tokens), reserved_nano = GREATEST(0, reserved_nano - freed_nano),
      used_tokens = LEAST(b.used_tokens + changes.used_tokens, ${MOST}),
      used_cost_nano = LEAST(b.used_cost_nano + changes.used_nano, ${MOST})
  FROM changes JOIN locked USING (key, period_start)
  WHERE b.key = changes.key AND b.period_start = changes.period_start)
SELECT (SELECT count(*)::int FROM taken) AS rows, (SELECT array_agg(lease_id) FROM freed WHERE is_empty) AS emptied`;

/** A lease that the counting has emptied. Whoever holds it and takes more puts it there again. */
const FORGET_SQL = "DELETE FROM model_reservation WHERE lease_id = ANY ($1::text[]) AND tokens = 0 AND cost_nano = 0";

/** Counts everything that was uncounted when it began and that nobody else counts meanwhile. @throws the database's error: nothing is lost then */
export async function countUses(pool: Pool): Promise<void> {
  let rows: number;
  do {
    rows = await inTransaction(pool, async (client) => {
      // A statement of its own: what counts has to see every count that was opened before.
      await client.query(`SELECT pg_advisory_xact_lock_shared(${COUNTING_LOCK})`);
      const result = await client.query<{ rows: number; emptied: string[] | null }>({
        name: "model-count",
        text: COUNT_SQL,
      });
      const { rows: taken, emptied } = result.rows[0] ?? { rows: 0, emptied: null };
      if (emptied !== null) {
        await client.query({ name: "model-count-forget", text: FORGET_SQL, values: [emptied] });
      }
      return taken;
    });
  } while (rows === BATCH_ROWS);
}

/**
 * Begins a count that is not there yet with what the list of calls says, so that a budget that is new counts what was used before it. Nobody
 * counts meanwhile: of calls on the list those still uncounted are left out, and are added as any other once the count is there.
 */
export async function openCount(pool: Pool, budget: AppliedBudget): Promise<void> {
  const { key, scope, subject, periodStart, endsAt } = budget;
  await inTransaction(pool, async (client) => {
    await client.query(`SELECT pg_advisory_xact_lock(${COUNTING_LOCK})`);
    await client.query(
      `INSERT INTO model_budget (key, period_start, ends_at, used_tokens, used_cost_nano)
       SELECT $1, $2, $3, LEAST(GREATEST(0, listed.tokens - uncounted.tokens), ${MOST}),
         LEAST(GREATEST(0, listed.nano - uncounted.nano), ${MOST})
       FROM (
         SELECT COALESCE(sum(input_tokens + output_tokens), 0) AS tokens, COALESCE(sum(cost_nano), 0) AS nano FROM model_call
         WHERE ${SUBJECT_COLUMNS[scope]} = $4 AND at >= $2::timestamptz AND at < $3::timestamptz) AS listed, (
         SELECT COALESCE(sum(u.tokens), 0) AS tokens, COALESCE(sum(u.nano), 0) AS nano
         FROM model_uncounted, json_to_recordset(uses::json) ${SUMS}
         WHERE u.lease IS NULL AND u.key = $1 AND u.period_start = $2::timestamptz) AS uncounted
       ON CONFLICT DO NOTHING`,
      [key, periodStart, endsAt, subject],
    );
  });
}

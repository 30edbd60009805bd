/**
 * Room in budgets: set aside before a call, given back when it is counted (`ledger.ts`) or when its reservation expires, because the process
 * died that made it. Each step is one statement that locks its counts in the order of their keys, so that calls side by side cannot together
 * take more than there is.
 */
import type { Pool } from "pg";
import { SUBJECT_COLUMNS, type AppliedBudget } from "#server/models/budgets.ts";

/** What a call needs of every budget it counts in. */
export interface BudgetNeed {
  callId: string;
  inputTokens: number;
  /** Tokens of the answer: what would be good, and with how few it would still do. */
  outputWish: number;
  outputLeast: number;
  /** Billionths of a dollar for one token. */
  price: { input: number; output: number };
  expiresAt: Date;
}

export type Room =
  | { ok: true; outputTokens: number }
  /** `left`: what the tightest budget still has. */
  | { ok: false; budget: AppliedBudget; left: { tokens: number | null; costNano: number | null } };

const RESERVE_SQL = `
WITH limits AS (
  SELECT n, key, period_start, max_tokens, max_cost
  FROM unnest($1::text[], $2::timestamptz[], $3::bigint[], $4::bigint[])
    WITH ORDINALITY AS l (key, period_start, max_tokens, max_cost, n)),
locked AS (
  SELECT key, period_start, used_tokens + reserved_tokens AS tokens, used_cost_nano + reserved_nano AS cost
  FROM model_budget WHERE (key, period_start) IN (SELECT key, period_start FROM limits)
  ORDER BY key, period_start FOR UPDATE),
room AS (
  SELECT n, max_tokens - tokens AS tokens_left, max_cost - cost AS cost_left, LEAST(
    COALESCE(max_tokens - tokens - $5::bigint, 1e15),
    CASE
      WHEN max_cost IS NULL THEN 1e15
      WHEN max_cost - cost < $5::numeric * $8::numeric THEN -1
      WHEN $9::numeric = 0 THEN 1e15
      ELSE floor((max_cost - cost - $5::numeric * $8::numeric) / $9::numeric)
    END) AS output
  FROM limits JOIN locked USING (key, period_start)),
granted AS (
  SELECT output, output >= $7::numeric AND (SELECT count(*) FROM locked) = (SELECT count(DISTINCT key) FROM limits) AS ok
  FROM (SELECT LEAST($6::numeric, min(output)) AS output FROM room) AS least),
taken AS (
  UPDATE model_budget AS b
  SET reserved_tokens = reserved_tokens + $5::bigint + granted.output::bigint,
      reserved_nano = reserved_nano + ceil($5::numeric * $8::numeric + granted.output * $9::numeric)::bigint
  FROM granted, locked
  WHERE granted.ok AND b.key = locked.key AND b.period_start = locked.period_start
  RETURNING b.key, b.period_start),
held AS (
  INSERT INTO model_reservation (call_id, key, period_start, tokens, cost_nano, expires_at)
  SELECT $10, key, period_start, $5::bigint + granted.output::bigint,
    ceil($5::numeric * $8::numeric + granted.output * $9::numeric)::bigint, $11::timestamptz
  FROM taken, granted)
SELECT (SELECT count(*) FROM locked)::int AS found, granted.ok, granted.output::float8 AS output,
  tightest.n::int, tightest.tokens_left::float8, tightest.cost_left::float8
FROM granted LEFT JOIN (SELECT * FROM room ORDER BY output, n LIMIT 1) AS tightest ON true`;

interface ReserveRow {
  found: number;
  ok: boolean | null;
  output: number | null;
  n: number | null;
  tokens_left: number | null;
  cost_left: number | null;
}

/** Sets aside what a call needs in all of `budgets`, or nothing. @param budgets at least one, as `budgetsFor` orders them */
export async function reserveRoom(pool: Pool, budgets: readonly AppliedBudget[], need: BudgetNeed): Promise<Room> {
  let row = await askForRoom(pool, budgets, need);
  if (row.found < new Set(budgets.map(({ key }) => key)).size) {
    await openCounts(pool, budgets);
    row = await askForRoom(pool, budgets, need);
  }
  if (row.ok !== true && (await expireReservations(pool)) > 0) {
    row = await askForRoom(pool, budgets, need);
  }
  if (row.ok === true) {
    return { ok: true, outputTokens: row.output ?? 0 };
  }
  const budget = budgets[(row.n ?? 1) - 1];
  if (budget === undefined) {
    throw new Error("a budget's count is missing");
  }
  return { ok: false, budget, left: { tokens: atLeastNone(row.tokens_left), costNano: atLeastNone(row.cost_left) } };
}

const atLeastNone = (left: number | null): number | null => (left === null ? null : Math.max(0, left));

async function askForRoom(pool: Pool, budgets: readonly AppliedBudget[], need: BudgetNeed): Promise<ReserveRow> {
  const { rows } = await pool.query<ReserveRow>({
    name: "model-reserve",
    text: RESERVE_SQL,
    values: [
      budgets.map(({ key }) => key),
      budgets.map(({ periodStart }) => periodStart),
      budgets.map(({ maxTokens }) => maxTokens),
      budgets.map(({ maxCostNano }) => maxCostNano),
      need.inputTokens,
      need.outputWish,
      need.outputLeast,
      need.price.input,
      need.price.output,
      need.callId,
      need.expiresAt,
    ],
  });
  return rows[0] ?? { found: 0, ok: null, output: null, n: null, tokens_left: null, cost_left: null };
}

/** Begins counts that are not there yet with what the list of calls says, so that a budget that is new counts what was used before it. */
async function openCounts(pool: Pool, budgets: readonly AppliedBudget[]): Promise<void> {
  for (const { key, scope, subject, periodStart, endsAt } of budgets) {
    await pool.query(
      `INSERT INTO model_budget (key, period_start, ends_at, used_tokens, used_cost_nano)
       SELECT $1, $2, $3, COALESCE(sum(input_tokens + output_tokens), 0), COALESCE(sum(cost_nano), 0)
       FROM model_call WHERE ${SUBJECT_COLUMNS[scope]} = $4 AND at >= $2::timestamptz AND at < $3::timestamptz
       ON CONFLICT DO NOTHING`,
      [key, periodStart, endsAt, subject],
    );
  }
}

/** Gives back what calls had set aside whose process is gone. @returns how many there were */
export async function expireReservations(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ n: number }>({
    name: "model-expire",
    text: `
      WITH gone AS (
        DELETE FROM model_reservation WHERE expires_at < now() RETURNING key, period_start, tokens, cost_nano),
      sums AS (
        SELECT key, period_start, sum(tokens) AS tokens, sum(cost_nano) AS cost FROM gone GROUP BY key, period_start),
      locked AS (
        SELECT key, period_start FROM model_budget WHERE (key, period_start) IN (SELECT key, period_start FROM sums)
        ORDER BY key, period_start FOR UPDATE),
      given AS (
        UPDATE model_budget AS b
        SET reserved_tokens = GREATEST(0, reserved_tokens - sums.tokens), reserved_nano = GREATEST(0, reserved_nano - sums.cost)
        FROM sums JOIN locked USING (key, period_start)
        WHERE b.key = sums.key AND b.period_start = sums.period_start)
      SELECT count(*)::int AS n FROM gone`,
  });
  return rows[0]?.n ?? 0;
}

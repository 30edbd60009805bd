/** Models as the console and the command line show them: providers without their keys, prices, budgets with what is used, calls. */
import type { Pool } from "pg";
import type { ConfigStore } from "#server/config/index.ts";
import type { Config } from "#server/config/schema.ts";
import { AppError, isAppError } from "#server/core/errors.ts";
import type { BudgetSetting } from "#server/models/budgets.ts";
import { chainOf } from "#server/models/fallback.ts";
import { knownModels } from "#server/models/listing.ts";
import { providersIn } from "#server/models/policy.ts";
import { PRICES_AS_OF } from "#server/models/price-table.ts";
import { NANO_PER_DOLLAR, priceOf } from "#server/models/prices.ts";
import type {
  BudgetView,
  CallPage,
  CallsInput,
  ModelOverview,
  ModelView,
  ProviderView,
} from "#server/models/schema.ts";
import { keyOf } from "#server/models/upstream.ts";

interface Source {
  config: Pick<ConfigStore, "secret">;
  pool: Pool;
}

/** Providers that are set up, and whether their key can be read. */
export function providerViews(config: Config, secrets: Pick<ConfigStore, "secret">): ProviderView[] {
  return providersIn(config).map((provider) => {
    const { name, type, baseUrl, key } = provider;
    return {
      name,
      type,
      baseUrl,
      key: key === null ? "none_needed" : isReadable(secrets, provider) ? "present" : "missing",
    };
  });
}

function isReadable(secrets: Pick<ConfigStore, "secret">, provider: Parameters<typeof keyOf>[1]): boolean {
  try {
    return (keyOf(secrets, provider) ?? "") !== "";
  } catch (error) {
    if (isAppError(error)) {
      return false;
    }
    throw error;
  }
}

/** Models that have a name here; a provider may know more. */
export function modelViews(config: Config): ModelView[] {
  return knownModels(config).map((name) => ({
    name,
    price: priceOf(config.models.prices, name),
    fallback: chainOf(name, config.models.fallback).slice(1),
  }));
}

export async function modelOverview({ config, pool }: Source, current: Config, now: Date): Promise<ModelOverview> {
  return {
    now,
    providers: providerViews(current, config),
    models: modelViews(current),
    pricesAsOf: PRICES_AS_OF,
    budgets: await budgetViews(pool, current.models.budgets, now),
    lastDay: await lastDay(pool),
  };
}

/** Counts shown of one budget; each token can have one. */
const MAX_COUNTS = 100;

interface CountRow {
  key: string;
  label: string | null;
  ends_at: Date;
  used_tokens: number;
  reserved_tokens: number;
  used_cost_nano: number;
  reserved_nano: number;
}

async function budgetViews(pool: Pool, budgets: readonly BudgetSetting[], now: Date): Promise<BudgetView[]> {
  return Promise.all(
    budgets.map(async (budget, index): Promise<BudgetView> => {
      const { scope, name, period, maxTokens = null, maxCost = null } = budget;
      const prefix = `${scope}|${period}|`;
      const { rows } = await pool.query<CountRow>(
        `SELECT b.*, t.name AS label FROM model_budget AS b
         LEFT JOIN LATERAL (
           SELECT name FROM token WHERE $5 = 'token' AND family_id = substr(b.key, length($1) + 7)
           ORDER BY created_at DESC LIMIT 1) AS t ON true
         WHERE starts_with(key, $1) AND period_start <= $2 AND ends_at > $2
           AND ($3 = '*' OR substr(key, length($1) + 1) = $3 OR ($5 = 'token' AND t.name = $3))
         ORDER BY used_tokens + reserved_tokens DESC LIMIT $4`,
        [prefix, now, name, MAX_COUNTS, scope],
      );
      const counts = rows.map((row) => countView(row, prefix, { maxTokens, maxCost }));
      counts.sort((one, other) => other.share - one.share);
      return { source: `models.budgets[${index}]`, scope, name, periodMs: period, maxTokens, maxCost, counts };
    }),
  );
}

function countView(
  row: CountRow,
  prefix: string,
  { maxTokens, maxCost }: Pick<BudgetView, "maxTokens" | "maxCost">,
): BudgetView["counts"][number] {
  const usedCost = row.used_cost_nano / NANO_PER_DOLLAR;
  const reservedCost = row.reserved_nano / NANO_PER_DOLLAR;
  return {
    subject: row.key.slice(prefix.length),
    label: row.label,
    endsAt: row.ends_at,
    usedTokens: row.used_tokens,
    reservedTokens: row.reserved_tokens,
    usedCost,
    reservedCost,
    share: Math.max(
      maxTokens === null ? 0 : (row.used_tokens + row.reserved_tokens) / maxTokens,
      maxCost === null ? 0 : (usedCost + reservedCost) / maxCost,
    ),
  };
}

interface DayRow {
  model: string;
  calls: number;
  failed: number;
  input_tokens: number;
  output_tokens: number;
  cost_nano: number;
  unpriced: number;
  median_ms: number;
}

async function lastDay(pool: Pool): Promise<ModelOverview["lastDay"]> {
  const { rows } = await pool.query<DayRow>(
    `SELECT model, count(*)::int AS calls, (count(*) FILTER (WHERE ending <> 'answered'))::int AS failed,
       sum(input_tokens)::bigint AS input_tokens, sum(output_tokens)::bigint AS output_tokens,
       COALESCE(sum(cost_nano), 0)::bigint AS cost_nano, (count(*) FILTER (WHERE cost_nano IS NULL))::int AS unpriced,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY wall_ms)::float8 AS median_ms
     FROM model_call WHERE at > now() - interval '24 hours' GROUP BY model ORDER BY calls DESC, model LIMIT 200`,
  );
  return rows.map((row) => ({
    model: row.model,
    calls: row.calls,
    failed: row.failed,
    inputTokens: row.input_tokens,
    outputTokens: row.output_tokens,
    cost: row.cost_nano / NANO_PER_DOLLAR,
    unpriced: row.unpriced,
    medianMs: row.median_ms,
  }));
}

interface CallRow {
  id: string;
  at: Date;
  principal_id: string;
  subject: string;
  role: string;
  channel: string;
  run_id: string | null;
  request_id: string;
  asked: string;
  model: string;
  path: string;
  ending: string;
  status: number | null;
  input_tokens: number;
  output_tokens: number;
  estimated: boolean;
  cost_nano: number | null;
  wall_ms: number;
}

/** A page of calls, newest first. @throws AppError INVALID_INPUT for a cursor that none of its answers held */
export async function listCalls(
  pool: Pool,
  { limit, cursor, model, subject }: CallsInput,
  now: Date,
): Promise<CallPage> {
  const after = cursor === null || cursor === undefined ? null : readCursor(cursor);
  const { rows } = await pool.query<CallRow>(
    `SELECT * FROM model_call
     WHERE ($2::timestamptz IS NULL OR (at, id) < ($2, $3)) AND ($4::text IS NULL OR model = $4)
       AND ($5::text IS NULL OR subject = $5 OR principal_id = $5)
     ORDER BY at DESC, id DESC LIMIT $1`,
    [limit + 1, after?.at ?? null, after?.id ?? null, model ?? null, subject ?? null],
  );
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return {
    now,
    calls: shown.map(callView),
    nextCursor: rows.length > limit && last !== undefined ? `${last.at.toISOString()}|${last.id}` : null,
  };
}

function readCursor(cursor: string): { at: Date; id: string } {
  const [time = "", id = ""] = cursor.split("|", 2);
  const at = new Date(time);
  if (Number.isNaN(at.getTime()) || !/^call_[0-9a-z]+$/.test(id)) {
    throw new AppError("INVALID_INPUT", "cursor: is none of this list. Leave it out to begin anew.");
  }
  return { at, id };
}

const callView = (row: CallRow): CallPage["calls"][number] => ({
  id: row.id,
  at: row.at,
  principalId: row.principal_id,
  subject: row.subject,
  role: row.role,
  channel: row.channel,
  runId: row.run_id,
  requestId: row.request_id,
  asked: row.asked,
  model: row.model,
  path: row.path,
  ending: row.ending,
  status: row.status,
  inputTokens: row.input_tokens,
  outputTokens: row.output_tokens,
  estimated: row.estimated,
  cost: row.cost_nano === null ? null : row.cost_nano / NANO_PER_DOLLAR,
  wallMs: row.wall_ms,
});

/**
 * The tokens that a call needs, and those of one run: set aside before a call, counted after it by `ledger.ts`. Each step is one statement
 * on the run's row, so that calls side by side cannot together take more than there is.
 */
import type { Pool } from "pg";
import type { JsonObject } from "#server/models/json.ts";

/** Bytes of a request per token, at least: what is set aside is rather too much than too little. */
const BYTES_PER_TOKEN = 3;
/** Tokens of an answer that are set aside where the program does not say how many it wants. */
export const USUAL_OUTPUT_TOKENS = 8_192;

/** What a call may use at most. */
export interface Need {
  inputTokens: number;
  /** Tokens of all answers of the call; null = the program does not say. */
  outputTokens: number | null;
}

/** Where a request says how long an answer may be. Only what the API knows counts: another name would be ignored there and believed here. */
const OUTPUT_LIMITS: Readonly<Record<string, readonly string[]>> = {
  "/v1/chat/completions": ["max_completion_tokens", "max_tokens"],
  "/v1/responses": ["max_output_tokens"],
  "/v1/messages": ["max_tokens"],
};

/** What a request needs. @param bytes size of the request */
export function needOf(path: string, body: JsonObject, bytes: number): Need {
  if (path === "/v1/messages/count_tokens") {
    return { inputTokens: 0, outputTokens: 0 };
  }
  const inputTokens = Math.ceil(bytes / BYTES_PER_TOKEN);
  const limits = OUTPUT_LIMITS[path];
  if (limits === undefined) {
    return { inputTokens, outputTokens: 0 };
  }
  const asked = limits.map((name) => body[name]).filter((value) => typeof value === "number");
  return { inputTokens, outputTokens: asked.length === 0 ? null : Math.max(...asked) * answersOf(body) };
}

/** Answers to one question; each is paid. */
const answersOf = (body: JsonObject): number => (typeof body["n"] === "number" ? body["n"] : 1);

/** A request that does not say how long its answer may be, with the limit that was set aside for it: the budget is then a real end. */
export function withOutputLimit(path: string, body: JsonObject, outputTokens: number): JsonObject {
  const [name] = OUTPUT_LIMITS[path] ?? [];
  return name === undefined ? body : { ...body, [name]: Math.max(1, Math.floor(outputTokens / answersOf(body))) };
}

export interface GrantKey {
  runId: string;
  attempt: number;
}

type Reservation = { ok: true; tokens: number } | { ok: false; left: number };

/**
 * Sets tokens aside for a call and counts it. Where the program does not say how much it wants it gets the usual, or what is left.
 * FOR UPDATE: of calls side by side each sees what the one before has taken.
 */
export async function reserve(pool: Pool, { runId, attempt }: GrantKey, need: Need): Promise<Reservation> {
  const wish = need.inputTokens + (need.outputTokens ?? USUAL_OUTPUT_TOKENS);
  const least = need.inputTokens + (need.outputTokens ?? 1);
  const { rows } = await pool.query<{ tokens: number }>(
    `WITH budget AS (
       SELECT run_id, LEAST($3::bigint, max_tokens - used_tokens - reserved_tokens) AS tokens FROM run_grant
       WHERE run_id = $1 AND attempt = $2 AND ended_at IS NULL FOR UPDATE)
     UPDATE run_grant SET reserved_tokens = reserved_tokens + budget.tokens, calls = calls + 1
     FROM budget WHERE run_grant.run_id = budget.run_id AND budget.tokens >= $4::bigint RETURNING budget.tokens`,
    [runId, attempt, wish, least],
  );
  const [row] = rows;
  return row === undefined ? { ok: false, left: await tokensLeft(pool, runId) } : { ok: true, tokens: row.tokens };
}

async function tokensLeft(pool: Pool, runId: string): Promise<number> {
  const { rows } = await pool.query<{ left: number }>(
    "SELECT GREATEST(0, max_tokens - used_tokens - reserved_tokens) AS left FROM run_grant WHERE run_id = $1",
    [runId],
  );
  return rows[0]?.left ?? 0;
}

/** Gives back what was set aside for a call that is not made after all. A call that was made is settled by `ledger.ts`. */
export async function giveBack(pool: Pool, { runId, attempt }: GrantKey, reserved: number): Promise<void> {
  await pool.query(
    "UPDATE run_grant SET reserved_tokens = GREATEST(0, reserved_tokens - $3::bigint), calls = calls - 1 WHERE run_id = $1 AND attempt = $2",
    [runId, attempt, reserved],
  );
}

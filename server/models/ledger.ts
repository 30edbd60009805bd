/**
 * The list of calls that have ended. A call is stored together with its audit event, with what it gives back and uses of its budgets and of
 * its run's grant: one statement, one commit, shared by all calls that end at the same time.
 */
import type { Pool } from "pg";
import { auditBatch } from "#server/audit/index.ts";
import type { AuditEventInput } from "#server/audit/schema.ts";
import { createGroupCommit, type GroupCommit } from "#server/core/db/group-commit.ts";
import { AppError } from "#server/core/errors.ts";
import type { Count, Payer } from "#server/models/budgets.ts";
import type { GrantKey } from "#server/models/budget.ts";

/** A call that has ended. */
interface EndedCall {
  id: string;
  /** When it began. */
  at: Date;
  payer: Payer;
  requestId: string;
  /** `provider/model` that was asked for, and that was called last. */
  asked: string;
  model: string;
  path: string;
  ending: string;
  status: number | null;
  inputTokens: number;
  outputTokens: number;
  estimated: boolean;
  /** Billionths of a dollar; null = no price is known. */
  costNano: number | null;
  wallMs: number;
  /** Where it counts, besides what it had set aside. */
  counts: readonly Count[];
  /** What it used of what it held of leases on budgets. */
  holds: readonly (Count & { lease: string; tokens: number; nano: number })[];
  /** The run that called, and what its grant had set aside; null = a caller of the API. */
  grant: (GrantKey & { reserved: number }) | null;
  event: AuditEventInput;
}

export interface Ledger {
  /** Resolves once the call and its event are durable. @throws AppError or the database's error when that cannot be promised. */
  add(call: EndedCall): Promise<void>;
  /** Resolves once nothing waits. */
  idle(): Promise<void>;
}

const CALLS_SQL = `
WITH calls AS (
  SELECT * FROM json_to_recordset($1::json) AS c (
    id text, at timestamptz, principal_id text, subject text, role text, channel text, run_id text, request_id text, asked text,
    model text, path text, ending text, status int, input_tokens bigint, output_tokens bigint, estimated boolean, cost_nano bigint,
    wall_ms int)),
listed AS (INSERT INTO model_call SELECT * FROM calls)`;

/** Where no call counts anywhere, which is most of the work of a statement. */
const LIST_SQL = `${CALLS_SQL}
INSERT INTO audit_intake (events) SELECT $2 WHERE $2 <> '[]'`;

const COUNT_SQL = `${CALLS_SQL},
uses AS (
  SELECT * FROM json_to_recordset($2::json) AS u (key text, period_start timestamptz, used_tokens bigint, used_nano bigint)),
frees AS (
  SELECT lease, key, period_start, sum(tokens)::bigint AS tokens, sum(nano)::bigint AS nano FROM json_to_recordset($4::json)
    AS f (lease text, key text, period_start timestamptz, tokens bigint, nano bigint)
  GROUP BY lease, key, period_start),
locked AS (
  SELECT key, period_start FROM model_budget
  WHERE (key, period_start) IN (SELECT key, period_start FROM uses UNION SELECT key, period_start FROM frees)
  ORDER BY key, period_start FOR UPDATE),
freed AS (
  UPDATE model_reservation AS r
  SET tokens = GREATEST(0, r.tokens - frees.tokens), cost_nano = GREATEST(0, r.cost_nano - frees.nano)
  FROM frees JOIN locked USING (key, period_start) WHERE r.call_id = frees.lease AND r.key = frees.key
  RETURNING r.key, r.period_start, frees.tokens, frees.nano),
changes AS (
  SELECT key, period_start, sum(freed_tokens) AS freed_tokens, sum(freed_nano) AS freed_nano, sum(used_tokens) AS used_tokens,
    sum(used_nano) AS used_nano
  FROM (
    SELECT key, period_start, tokens AS freed_tokens, nano AS freed_nano, 0::bigint AS used_tokens, 0::bigint AS used_nano FROM freed
    UNION ALL
    SELECT key, period_start, 0, 0, used_tokens, used_nano FROM uses) AS both_ways
  GROUP BY key, period_start),
counted AS (
  UPDATE model_budget AS b
  SET reserved_tokens = GREATEST(0, reserved_tokens - freed_tokens), reserved_nano = GREATEST(0, reserved_nano - freed_nano),
      used_tokens = b.used_tokens + changes.used_tokens, used_cost_nano = b.used_cost_nano + changes.used_nano
  FROM changes JOIN locked USING (key, period_start)
  WHERE b.key = changes.key AND b.period_start = changes.period_start),
granted AS (
  UPDATE run_grant AS g
  SET reserved_tokens = GREATEST(0, reserved_tokens - reserved), used_tokens = g.used_tokens + used
  FROM (
    SELECT run_id, attempt, sum(reserved) AS reserved, sum(used) AS used FROM json_to_recordset($3::json)
      AS e (run_id text, attempt int, reserved bigint, used bigint)
    GROUP BY run_id, attempt) AS ended
  WHERE g.run_id = ended.run_id AND g.attempt = ended.attempt)
INSERT INTO audit_intake (events) SELECT $5 WHERE $5 <> '[]'`;

/** Calls in one commit: their events stay far below what one batch of the record may hold. */
const MAX_CALLS = 500;
const MAX_WAITING = 20_000;
/** Milliseconds after which an unanswered statement counts as failed. */
const STORE_TIMEOUT_MS = 15_000;

export function openLedger(pool: Pool): Ledger {
  const group: GroupCommit<Entry> = createGroupCommit({
    store: (entries) => store(pool, entries),
    maxItems: MAX_CALLS,
    maxWaiting: MAX_WAITING,
    tooMany: () => new AppError("STORE_UNAVAILABLE", `${MAX_WAITING} calls of models already wait for the database.`),
  });
  return {
    // The event is made here, where the request it belongs to is still known.
    add: (call) => group.add({ call, event: auditBatch([call.event]).slice(1, -1) }),
    idle: () => group.idle(),
  };
}

interface Entry {
  call: EndedCall;
  /** JSON; empty where it is not wanted in the record. */
  event: string;
}

async function store(pool: Pool, entries: readonly Entry[]): Promise<void> {
  const calls = entries.map(({ call }) => call);
  const listed = JSON.stringify(calls.map(rowOf));
  const events = `[${entries.flatMap(({ event }) => (event === "" ? [] : [event])).join(",")}]`;
  const uses = calls.flatMap(usesOf);
  const grants = calls.flatMap(grantOf);
  const frees = calls.flatMap(({ holds }) =>
    holds.map(({ periodStart, ...free }) => ({ ...free, period_start: periodStart })),
  );
  const json = [uses, grants, frees].map((rows) => JSON.stringify(rows));
  const statement = json.some((rows) => rows !== "[]")
    ? { name: "model-count", text: COUNT_SQL, values: [listed, ...json, events] }
    : { name: "model-list", text: LIST_SQL, values: [listed, events] };
  const query = { ...statement, query_timeout: STORE_TIMEOUT_MS };
  await pool.query(query);
}

const rowOf = (call: EndedCall) => ({
  id: call.id,
  at: call.at,
  principal_id: call.payer.principalId,
  subject: call.payer.subject,
  role: call.payer.role,
  channel: call.payer.channel,
  run_id: call.grant?.runId ?? null,
  request_id: call.requestId,
  asked: call.asked,
  model: call.model,
  path: call.path,
  ending: call.ending,
  status: call.status,
  input_tokens: call.inputTokens,
  output_tokens: call.outputTokens,
  estimated: call.estimated,
  cost_nano: call.costNano,
  wall_ms: call.wallMs,
});

const usesOf = ({ counts, inputTokens, outputTokens, costNano }: EndedCall) =>
  counts.map(({ key, periodStart }) => ({
    key,
    period_start: periodStart,
    used_tokens: inputTokens + outputTokens,
    used_nano: costNano ?? 0,
  }));

const grantOf = ({ grant, inputTokens, outputTokens }: EndedCall) =>
  grant === null
    ? []
    : [{ run_id: grant.runId, attempt: grant.attempt, reserved: grant.reserved, used: inputTokens + outputTokens }];

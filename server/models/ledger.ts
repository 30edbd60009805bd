/**
 * The list of calls that have ended. A call is stored together with its audit event, with what it used of its budgets and with the settling of
 * its run's grant: one statement, one commit, shared by all calls that end at the same time. Budgets are not counted here, where a durable
 * commit would hold their rows: what was used is one more row, which `counter.ts` counts soon after.
 */
import type { Pool } from "pg";
import { auditBatch } from "#server/audit/index.ts";
import type { AuditEventInput } from "#server/audit/schema.ts";
import { createGroupCommit, type GroupCommit } from "#server/core/db/group-commit.ts";
import { AppError } from "#server/core/errors.ts";
import type { GrantKey } from "#server/models/budget.ts";
import type { Payer } from "#server/models/budgets.ts";
import type { Counter } from "#server/models/counter.ts";
import { addUpUses, type BudgetUse } from "#server/models/uses.ts";

/** A call that has ended. */
interface EndedCall extends BudgetUse {
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
  estimated: boolean;
  wallMs: number;
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

const RECORD_SQL = "INSERT INTO audit_intake (events) SELECT $2 WHERE $2 <> '[]'";

const usesSql = (parameter: string): string => `,
kept AS (INSERT INTO model_uncounted (uses) VALUES (${parameter}))`;

/** A grant is asked for by every call of its run (`budget.ts`), so it is settled at once. */
const grantsSql = (parameter: string): string => `,
granted AS (
  UPDATE run_grant AS g
  SET reserved_tokens = GREATEST(0, reserved_tokens - reserved), used_tokens = g.used_tokens + used
  FROM (
    SELECT run_id, attempt, sum(reserved) AS reserved, sum(used) AS used FROM json_to_recordset(${parameter}::json)
      AS e (run_id text, attempt int, reserved bigint, used bigint)
    GROUP BY run_id, attempt) AS ended
  WHERE g.run_id = ended.run_id AND g.attempt = ended.attempt)`;

/** Statements do only what their calls need; each is prepared once on each connection. */
const LIST = { name: "model-list", text: `${CALLS_SQL}\n${RECORD_SQL}` };
const LIST_USES = { name: "model-list-uses", text: `${CALLS_SQL}${usesSql("$3")}\n${RECORD_SQL}` };
const LIST_GRANTS = { name: "model-list-grants", text: `${CALLS_SQL}${grantsSql("$3")}\n${RECORD_SQL}` };
const LIST_BOTH = { name: "model-list-both", text: `${CALLS_SQL}${usesSql("$3")}${grantsSql("$4")}\n${RECORD_SQL}` };

/** Calls in one commit: their events stay far below what one batch of the record may hold. */
const MAX_CALLS = 500;
const MAX_WAITING = 20_000;
/** Milliseconds after which an unanswered statement counts as failed. */
const STORE_TIMEOUT_MS = 15_000;

/** @param counter hears of uses once they are durable */
export function openLedger(pool: Pool, counter: Pick<Counter, "stored">): Ledger {
  const group: GroupCommit<Entry> = createGroupCommit({
    store: (entries) => store(pool, counter, entries),
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

async function store(pool: Pool, counter: Pick<Counter, "stored">, entries: readonly Entry[]): Promise<void> {
  const calls: EndedCall[] = [];
  const rows: object[] = [];
  const grants: object[] = [];
  let events = "";
  for (const { call, event } of entries) {
    calls.push(call);
    rows.push(rowOf(call));
    if (call.grant !== null) {
      grants.push(grantOf(call.grant, call));
    }
    if (event !== "") {
      events += events === "" ? event : `,${event}`;
    }
  }
  const { json: uses, beyond } = addUpUses(calls);
  const values = [JSON.stringify(rows), `[${events}]`];
  if (uses !== "") {
    values.push(uses);
  }
  if (grants.length > 0) {
    values.push(JSON.stringify(grants));
  }
  const statement = grants.length === 0 ? (uses === "" ? LIST : LIST_USES) : uses === "" ? LIST_GRANTS : LIST_BOTH;
  // The driver knows `query_timeout`, its types do not.
  const query = { ...statement, values, query_timeout: STORE_TIMEOUT_MS };
  await pool.query(query);
  if (uses !== "") {
    counter.stored(beyond);
  }
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

const grantOf = ({ runId, attempt, reserved }: NonNullable<EndedCall["grant"]>, call: BudgetUse) => ({
  run_id: runId,
  attempt,
  reserved,
  used: call.inputTokens + call.outputTokens,
});

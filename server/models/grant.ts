/** Who calls: the run whose token this is, while it runs. Read from the database on every call, so that a token ends with its run. */
import type { IncomingHttpHeaders } from "node:http";
import type { Pool } from "pg";
import type { AuditEventInput } from "#server/audit/schema.ts";
import { sameBytes } from "#server/core/crypto/same-bytes.ts";
import { modelsOfToken, type ModelList } from "#server/models/access.ts";
import type { GrantKey } from "#server/models/budget.ts";
import type { Payer } from "#server/models/budgets.ts";
import type { Caller } from "#server/models/caller.ts";
import { parseRunToken } from "#server/models/run-token.ts";

export interface Grant extends GrantKey {
  /** What its profile or agent grants, and what the token that started it carries: every list has to cover a model. */
  models: readonly ModelList[];
  /** On whose behalf the run runs. */
  origin: Pick<AuditEventInput, "tokenId" | "userId" | "channel" | "requestId">;
  /** Whose budgets its calls count in. */
  payer: Payer;
}

/** The run as a caller of models. */
export const callerOf = ({ runId, attempt, models, origin, payer }: Grant): Caller => ({
  kind: "program",
  models,
  payer,
  requestId: origin.requestId ?? runId,
  origin: { actor: { type: "system", id: "models" }, ...origin, target: runId },
  grant: { runId, attempt },
});

export type Proof = { ok: true; grant: Grant } | { ok: false; reason: ProofFailure; runId: string | null };
type ProofFailure = "token_missing" | "token_malformed" | "token_unknown" | "run_ended";

/** The token as either SDK sends it. */
function tokenOf({ authorization, "x-api-key": apiKey }: IncomingHttpHeaders): string | null {
  const bearer = /^Bearer +(\S+)$/i.exec(authorization ?? "")?.[1];
  return bearer ?? (typeof apiKey === "string" ? apiKey : null);
}

interface GrantRow {
  attempt: number;
  token_hash: Buffer;
  models: string[];
  live: boolean;
  token_id: string | null;
  user_id: string | null;
  channel: string;
  request_id: string;
  principal_id: string;
  role_name: string;
  token_name: string | null;
  /** Null where there is no token (any more). */
  token_models: string[] | null;
}

/** Whether the headers prove a run that may call models now. */
export async function proveRun(pool: Pool, headers: IncomingHttpHeaders): Promise<Proof> {
  const text = tokenOf(headers);
  if (text === null) {
    return { ok: false, reason: "token_missing", runId: null };
  }
  const token = parseRunToken(text);
  if (token === null) {
    return { ok: false, reason: "token_malformed", runId: null };
  }
  const { runId, hash } = token;
  const { rows } = await pool.query<GrantRow>(
    `SELECT run_grant.attempt, run_grant.token_hash, run_grant.models, (run_grant.ended_at IS NULL AND run.state = 'running' AND run.cancel_requested_at IS NULL) AS live, run.token_id,
       run.user_id, run.channel, run.request_id, run.principal_id, run.role_name, token.name AS token_name, token.models AS token_models
     FROM run_grant JOIN run ON run.id = run_grant.run_id LEFT JOIN token ON token.id = run.token_id WHERE run_id = $1`,
    [runId],
  );
  const [row] = rows;
  if (row === undefined || !sameBytes(row.token_hash, hash)) {
    return { ok: false, reason: "token_unknown", runId: row === undefined ? null : runId };
  }
  if (!row.live) {
    return { ok: false, reason: "run_ended", runId };
  }
  const origin = {
    tokenId: row.token_id ?? undefined,
    userId: row.user_id ?? undefined,
    channel: row.channel,
    requestId: row.request_id,
  };
  const payer = {
    principalId: row.principal_id,
    tokenName: row.token_name,
    subject: row.user_id ?? row.principal_id,
    role: row.role_name,
    channel: row.channel,
  };
  return { ok: true, grant: { runId, attempt: row.attempt, models: listsOf(row), origin, payer } };
}

/** A run reaches no further than the token that started it: its list never changes, and is the same for all tokens of its family. */
function listsOf({ models, token_id: tokenId, token_models: ofToken }: GrantRow): readonly ModelList[] {
  const granted: ModelList = { holder: "run", source: "the grant of the run", names: models };
  return tokenId === null ? [granted] : [granted, modelsOfToken(tokenId, ofToken ?? undefined)];
}

/** Who calls: the run whose token this is, while it runs. Read from the database on every call, so that a token ends with its run. */
import type { IncomingHttpHeaders } from "node:http";
import type { Pool } from "pg";
import type { AuditEventInput } from "#server/audit/schema.ts";
import { sameBytes } from "#server/core/crypto/same-bytes.ts";
import type { GrantKey } from "#server/models/budget.ts";
import { parseRunToken } from "#server/models/run-token.ts";

export interface Grant extends GrantKey {
  /** `provider/model`, or beginnings that end in `*`. */
  models: readonly string[];
  /** On whose behalf the run runs. */
  origin: Pick<AuditEventInput, "tokenId" | "userId" | "channel" | "requestId">;
}

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
    `SELECT run_grant.attempt, token_hash, models, (ended_at IS NULL AND state = 'running') AS live, token_id, user_id, channel, request_id
     FROM run_grant JOIN run ON run.id = run_grant.run_id WHERE run_id = $1`,
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
  return { ok: true, grant: { runId, attempt: row.attempt, models: row.models, origin } };
}

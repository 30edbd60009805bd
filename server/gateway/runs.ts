/** Runs over the API: list, read, follow, stop. A caller sees its own runs; `runs:read_all` and `runs:cancel_all` widen that. */
import { z } from "zod";
import type { Permission } from "#server/access/index.ts";
import type { Principal } from "#server/access/schema.ts";
import { actorOf, type Identified, type PathParams } from "#server/gateway/answer.ts";
import { authorizeAccess, mayAccess } from "#server/gateway/authorize.ts";
import { json, type Call, type Outgoing } from "#server/gateway/exchange.ts";
import { approvalState, noApproval } from "#server/approvals/index.ts";
import { limit, type Admission } from "#server/gateway/limit.ts";
import { validate } from "#server/gateway/read-json.ts";
import { streamRun } from "#server/gateway/run-stream.ts";
import type { GatewayServices } from "#server/gateway/services.ts";
import { getRun, getTranscript, listRuns, requestCancel, requireRun, type RunScope } from "#server/sandbox/index.ts";
import { RUN_STATES, type RunSummary } from "#server/sandbox/schema.ts";

export const RunListQuery = z.strictObject({
  state: z.enum(RUN_STATES).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(300).optional(),
});

const EventId = z.coerce.number().int().min(0).max(2_147_483_647);

/** Authorizes and counts a call on runs; `command` names it for command limits. */
async function enter(
  services: GatewayServices,
  { principal }: Identified<Call>,
  permission: Permission,
): Promise<Admission> {
  authorizeAccess(services.policy.current(), principal, permission);
  const facts = {
    subject: principal.boundUserId ?? principal.id,
    role: principal.role,
    channel: "api",
    command: "runs",
    restriction: null,
  };
  const admission = await limit(services, facts);
  admission.ticket.settle("succeeded");
  return admission;
}

function scopeOf(services: GatewayServices, principal: Principal, all: Permission): RunScope {
  return mayAccess(services.policy.current(), principal, all) ? {} : { principalId: principal.id };
}

export async function getRuns(services: GatewayServices, exchange: Identified): Promise<Outgoing> {
  const { principal } = exchange;
  const admission = await enter(services, exchange, "runs:read");
  const query = validate(RunListQuery, Object.fromEntries(exchange.incoming.query));
  const page = await listRuns(services.db, { ...query, ...scopeOf(services, principal, "runs:read_all") });
  return json(200, { runs: page.runs.map(toWire), nextCursor: page.nextCursor }, admission.headers);
}

export async function getOneRun(
  services: GatewayServices,
  exchange: Identified,
  { id: runId = "" }: PathParams,
): Promise<Outgoing> {
  const { principal } = exchange;
  const admission = await enter(services, exchange, "runs:read");
  const run = await getRun(services, runId, scopeOf(services, principal, "runs:read_all"));
  return json(200, toWire(run), admission.headers);
}

/** A run that waits for approval: for the caller who asked for it. Its run, once there is one, is read as any other. */
export async function getApproval(
  services: GatewayServices,
  exchange: Identified,
  { id = "" }: PathParams,
): Promise<Outgoing> {
  const admission = await enter(services, exchange, "runs:read");
  const { principalId, ...approval } = await approvalState(services, id);
  const scope = scopeOf(services, exchange.principal, "runs:read_all");
  if (scope.principalId !== undefined && scope.principalId !== principalId) {
    throw noApproval(id);
  }
  return json(200, approval, admission.headers);
}

export async function getRunEvents(
  services: GatewayServices,
  exchange: Identified,
  { id: runId = "" }: PathParams,
): Promise<Outgoing> {
  const admission = await enterRunEvents(services, exchange, runId);
  const { incoming } = exchange;
  const afterSeq = validate(EventId, incoming.header("last-event-id") ?? incoming.query.get("after") ?? 0);
  return {
    status: 200,
    headers: admission.headers,
    body: streamRun(services, { runId, signal: incoming.signal, afterSeq }),
  };
}

export async function getRunTranscript(
  services: GatewayServices,
  exchange: Identified,
  { id: runId = "" }: PathParams,
): Promise<Outgoing> {
  const admission = await enter(services, exchange, "runs:read");
  const scope = scopeOf(services, exchange.principal, "runs:read_all");
  return json(200, await getTranscript(services, runId, scope), admission.headers);
}

/** The right to follow one run, on any transport. @throws Refusal; AppError NOT_FOUND */
export async function enterRunEvents(
  services: GatewayServices,
  exchange: Identified<Call>,
  runId: string,
): Promise<Admission> {
  const admission = await enter(services, exchange, "runs:read");
  await requireRun(services.db, runId, scopeOf(services, exchange.principal, "runs:read_all"));
  return admission;
}

export async function deleteRun(
  services: GatewayServices,
  exchange: Identified,
  { id: runId = "" }: PathParams,
): Promise<Outgoing> {
  const { admission, outcome } = await cancelRun(services, exchange, runId);
  return json(202, { runId, cancel: outcome }, admission.headers);
}

/** Asks for the end of one run, on any transport. @throws Refusal; AppError NOT_FOUND */
export async function cancelRun(services: GatewayServices, exchange: Identified<Call>, runId: string) {
  const { principal, incoming } = exchange;
  const admission = await enter(services, exchange, "runs:cancel");
  const outcome = await requestCancel(services, actorOf(principal, incoming.address), {
    runId,
    requestId: incoming.requestId,
    ...scopeOf(services, principal, "runs:cancel_all"),
  });
  return { admission, outcome };
}

/** Public names of a run's fields: `user` and `role`, without the ids that only the gateway itself needs. */
function toWire<Run extends RunSummary>(run: Run) {
  const {
    principalId: _principalId,
    userId,
    roleName,
    requestId: _requestId,
    cancelRequestedAt: _cancel,
    ...rest
  } = run;
  return { ...rest, user: userId, role: roleName };
}

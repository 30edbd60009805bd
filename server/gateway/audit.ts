/** `GET /api/v1/audit`: the record, newest first. Whoever reads it is on record too. */
import { AuditQuery } from "#server/gateway/audit-query.ts";
import { actorOf, type Identified } from "#server/gateway/answer.ts";
import { authorizeAccess } from "#server/gateway/authorize.ts";
import { json, type Outgoing } from "#server/gateway/exchange.ts";
import { limit } from "#server/gateway/limit.ts";
import { validate } from "#server/gateway/read-json.ts";
import type { GatewayServices } from "#server/gateway/services.ts";
import { countEvents, listEvents } from "#server/audit/index.ts";
import type { AuditData } from "#server/audit/schema.ts";

/** @throws Refusal FORBIDDEN, RATE_LIMITED; AppError INVALID_INPUT naming the parameter. */
export async function getAudit(services: GatewayServices, exchange: Identified): Promise<Outgoing> {
  const { principal, incoming } = exchange;
  authorizeAccess(services.policy.current(), principal, "audit:read");
  const admission = await limit(services, {
    subject: principal.boundUserId ?? principal.id,
    role: principal.role,
    channel: "api",
    command: "audit",
    restriction: null,
  });
  const query = validate(AuditQuery, Object.fromEntries(incoming.query), "query");
  const { events, next } = await listEvents(services.pool, query);
  const counted = await countEvents(services.pool, query);
  await services.audit.append([
    {
      event: "audit.read",
      outcome: "ok",
      actor: actorOf(principal, incoming.address),
      tokenId: principal.tokenId ?? undefined,
      userId: principal.boundUserId ?? undefined,
      address: incoming.address,
      requestId: incoming.requestId,
      data: { filter: JSON.parse(JSON.stringify(query)) as AuditData, events: events.length },
    },
  ]);
  admission.ticket.settle("succeeded");
  return json(200, { events, next, ...counted }, admission.headers);
}

/** `POST /api/v1/explain`: would this be let through, and which rule says so? Free about oneself; about others it takes `policy:explain`. */
import { ExplainRequest, type PolicySnapshot, type Principal } from "#server/access/schema.ts";
import { actorOf, type Identified } from "#server/gateway/answer.ts";
import { authorizeAccess } from "#server/gateway/authorize.ts";
import { json, type Outgoing } from "#server/gateway/exchange.ts";
import {
  explainCommand,
  explainUnknownSender,
  type ExplainedCommand,
  type Sender,
  type UnknownSender,
} from "#server/gateway/explain-command.ts";
import { senderWithRole, senderWithToken } from "#server/gateway/explain-sender.ts";
import { limit } from "#server/gateway/limit.ts";
import { readJson } from "#server/gateway/read-json.ts";
import type { GatewayServices } from "#server/gateway/services.ts";

/** @throws Refusal FORBIDDEN for a question about others, RATE_LIMITED; AppError INVALID_INPUT naming the field. */
export async function postExplain(services: GatewayServices, exchange: Identified): Promise<Outgoing> {
  const { principal, incoming } = exchange;
  const question = await readJson(incoming, ExplainRequest);
  const policy = services.policy.current();
  if (!isAboutItself(principal, question)) {
    authorizeAccess(policy, principal, "policy:explain");
  }
  const admission = await limit(services, {
    subject: principal.boundUserId ?? principal.id,
    role: principal.role,
    channel: "api",
    command: "explain",
    restriction: null,
  });
  const sender = await senderOf(services, principal, question);
  const answer = explainFor(services, policy, sender, question);
  await services.audit.append([
    {
      event: "policy.explained",
      outcome: "ok",
      actor: actorOf(principal, incoming.address),
      tokenId: principal.tokenId ?? undefined,
      userId: question.user ?? principal.boundUserId ?? undefined,
      channel: question.channel,
      address: incoming.address,
      requestId: incoming.requestId,
      reason: answer.code,
      because: answer.because,
      data: { command: question.command, token: question.token ?? null, role: question.role ?? null },
    },
  ]);
  admission.ticket.settle("succeeded");
  return json(200, answer, admission.headers);
}

/** A bot that names one of the users whose messages it carries asks about somebody else. */
function isAboutItself(principal: Principal, { user, token, role }: ExplainRequest): boolean {
  const ownToken = role === undefined && (token === undefined || token === principal.tokenId);
  return ownToken && (user === undefined || user === principal.boundUserId);
}

async function senderOf(
  services: GatewayServices,
  principal: Principal,
  { token, role }: ExplainRequest,
): Promise<Sender | UnknownSender> {
  if (role !== undefined) {
    return senderWithRole(role);
  }
  return token === undefined || token === principal.tokenId
    ? { principal, title: "this token" }
    : senderWithToken(services.db, token, services.clock.now());
}

function explainFor(
  services: GatewayServices,
  policy: PolicySnapshot,
  sender: Sender | UnknownSender,
  { user, channel, command }: ExplainRequest,
): ExplainedCommand {
  if ("code" in sender) {
    return explainUnknownSender(sender);
  }
  const { rateLimit } = services.config.current().config.security;
  return explainCommand(policy, rateLimit, sender, { channel, command, userId: user ?? null });
}

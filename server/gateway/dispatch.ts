/**
 * Steps 4 to 6 for one message: authorize, limit, dispatch. The same for every way a message arrives.
 */
import type { AccessRequest, Decision, PolicySnapshot, Principal } from "#server/access/schema.ts";
import type { AuditEventInput } from "#server/audit/schema.ts";
import { actorOf, type Identified } from "#server/gateway/answer.ts";
import { authorize } from "#server/gateway/authorize.ts";
import type { CommandResult } from "#server/gateway/commands/command.ts";
import { AppError } from "#server/core/errors.ts";
import { findCommand, permissionOf } from "#server/gateway/commands/registry.ts";
import type { Call } from "#server/gateway/exchange.ts";
import type { ParsedText } from "#server/gateway/grammar.ts";
import { limit, type Admission } from "#server/gateway/limit.ts";
import { Refusal } from "#server/gateway/refusal.ts";
import { hasOptions, type RunOptions } from "#server/gateway/run-options.ts";
import type { LimitFacts } from "#server/ratelimit/policy.ts";
import type { GatewayServices } from "#server/gateway/services.ts";

export interface MessageFacts {
  channel: string;
  userId: string | null;
  parsed: ParsedText;
  idempotencyKey: string | undefined;
  /** For the run that the message starts. */
  options?: RunOptions | undefined;
}

export interface Dispatched {
  result: CommandResult;
  decision: Decision & { allow: true };
  admission: Admission;
  /** On record already when a run was accepted; otherwise the caller appends it together with the reply's. */
  received: AuditEventInput;
}

/** @throws Refusal / AppError; the place taken in limits that skip failures is given back. */
export async function dispatch(
  services: GatewayServices,
  exchange: Identified<Call>,
  facts: MessageFacts,
): Promise<Dispatched> {
  const { principal, incoming } = exchange;
  const { channel, parsed } = facts;
  const userId = facts.userId ?? principal.boundUserId;
  const policy = services.policy.current();
  const { decision, counted } = admissible(policy, principal, {
    channel,
    command: parsed.command,
    userId: facts.userId,
  });
  const admission = await limit(services, counted);
  exchange.limitHeaders = admission.headers;
  const received: AuditEventInput = {
    event: "message.received",
    outcome: "ok",
    actor: actorOf(principal, incoming.address),
    tokenId: principal.tokenId ?? undefined,
    userId: userId ?? undefined,
    channel,
    address: incoming.address,
    requestId: incoming.requestId,
    correlationId: incoming.requestId,
    reason: decision.code,
    because: decision.because,
    data: { command: parsed.command, role: decision.role },
  };
  try {
    const command = findCommand(parsed.command);
    if (command === undefined) {
      throw unknownCommand(parsed.command, channel, userId);
    }
    const { options = {} } = facts;
    if (command.startsRuns !== true && hasOptions(options)) {
      throw new AppError(
        "INVALID_INPUT",
        `profile, files and outputs are for messages that start a run; /${parsed.command} does not. Leave them out.`,
      );
    }
    const result = await command.execute({
      services,
      principal,
      userId,
      channel,
      decision,
      requestId: incoming.requestId,
      idempotencyKey: facts.idempotencyKey,
      args: parsed.args,
      options,
      received,
    });
    return { result, decision, admission, received };
  } catch (error) {
    admission.ticket.settle("failed");
    throw error;
  }
}

/**
 * May this principal give this command there, and what does it count against?
 * @throws Refusal FORBIDDEN
 */
export function admissible(
  policy: PolicySnapshot,
  principal: Principal,
  asked: Pick<AccessRequest, "channel" | "command" | "userId">,
): { decision: Decision & { allow: true }; counted: LimitFacts } {
  const { channel, command } = asked;
  const decision = authorize(policy, principal, { ...asked, permission: permissionOf(command) });
  const userId = asked.userId ?? principal.boundUserId;
  const counted = {
    subject: userId ?? principal.id,
    role: decision.role,
    channel,
    command,
    restriction: restrictionOf(policy, userId),
  };
  return { decision, counted };
}

/** The user's own limit and where it stands. */
export function restrictionOf(policy: PolicySnapshot, userId: string | null): LimitFacts["restriction"] {
  const user = userId === null ? undefined : policy.users.get(userId);
  const restrictions = user?.restrictions;
  return user === undefined || restrictions === undefined || restrictions === null
    ? null
    : { ...restrictions, source: `${user.source}.restrictions` };
}

function unknownCommand(name: string, channel: string, userId: string | null): Refusal {
  return new Refusal("UNKNOWN_COMMAND", `There is no command "/${name}". Send /help to see the commands.`, {
    event: "message.refused",
    reason: "unknown_command",
    channel,
    userId: userId ?? undefined,
    data: { command: name },
  });
}

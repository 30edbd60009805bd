/**
 * Steps 3 to 6 for one message: locks, authorize, limit, dispatch. The same for every way a message arrives.
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
import { refuseLockedMessage } from "#server/gateway/locks.ts";
import { Refusal } from "#server/gateway/refusal.ts";
import { hasOptions, type RunOptions } from "#server/gateway/run-options.ts";
import { acceptCode, askForCode, codeGiven, type CodeGiven } from "#server/gateway/step-up.ts";
import type { LimitFacts } from "#server/ratelimit/policy.ts";
import type { GatewayServices } from "#server/gateway/services.ts";

/** Where on a platform a message was written, by the platform's immutable ids. */
export interface ConversationFacts {
  senderId: string;
  conversationId: string;
  threadId: string | null;
  /** The delivery that brought it, to which an answer that comes later belongs. */
  deliveryId: string | null;
}

export interface MessageFacts {
  channel: string;
  userId: string | null;
  parsed: ParsedText;
  idempotencyKey: string | undefined;
  /** For the run that the message starts. */
  options?: RunOptions | undefined;
  /** Absent for callers of the API. */
  conversation?: ConversationFacts | undefined;
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
  asked: MessageFacts,
): Promise<Dispatched> {
  const { principal } = exchange;
  const userId = asked.userId ?? principal.boundUserId;
  refuseLockedMessage(services, principal, { userId, channel: asked.channel });
  const given = await codeGiven(services, asked, userId);
  // A right code has the message executed that waited for it, which the policy and the limits judge as it is, and as they are now.
  const facts = given?.facts ?? asked;
  if (given !== null) {
    refuseLockedMessage(services, principal, { userId: facts.userId ?? userId, channel: facts.channel });
  }
  const { decision, counted } = admissible(services.policy.current(), principal, {
    channel: facts.channel,
    command: facts.parsed.command,
    userId: facts.userId,
  });
  const admission = await limit(services, counted);
  exchange.limitHeaders = admission.headers;
  const received = receivedEvent(exchange, facts, userId, decision);
  try {
    const result = await carryOut(services, exchange, { facts, given, userId, decision, received });
    return { result, decision, admission, received };
  } catch (error) {
    admission.ticket.settle("failed");
    throw error;
  }
}

interface Admitted {
  facts: MessageFacts;
  given: CodeGiven | null;
  userId: string | null;
  decision: Decision & { allow: true };
  received: AuditEventInput;
}

async function carryOut(
  services: GatewayServices,
  { principal, incoming }: Identified<Call>,
  { facts, given, userId, decision, received }: Admitted,
): Promise<CommandResult> {
  const { channel, parsed, options = {} } = facts;
  const command = findCommand(parsed.command);
  if (command === undefined) {
    throw unknownCommand(parsed.command, channel, userId);
  }
  if (command.startsRuns !== true && hasOptions(options)) {
    throw new AppError(
      "INVALID_INPUT",
      `profile, files and outputs are for messages that start a run; /${parsed.command} does not. Leave them out.`,
    );
  }
  if (given !== null) {
    await acceptCode(services, given, received);
  } else {
    const question = await askForCode(services, principal, facts, userId, received);
    if (question !== null) {
      return { kind: "text", text: question };
    }
  }
  return command.execute({
    services,
    principal,
    userId,
    channel,
    decision,
    requestId: incoming.requestId,
    idempotencyKey: facts.idempotencyKey,
    args: parsed.args,
    options,
    conversation: facts.conversation ?? null,
    received,
  });
}

function receivedEvent(
  { principal, incoming }: Identified<Call>,
  { channel, parsed }: MessageFacts,
  userId: string | null,
  decision: Decision & { allow: true },
): AuditEventInput {
  return {
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

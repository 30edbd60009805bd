/** What the live gate would say to a message, and why, without sending one. Pure: the same policy, registry and rules as `dispatch.ts`. */
import { explain } from "#server/access/index.ts";
import type { EffectiveGrant, PolicySnapshot, Principal, TraceEntry } from "#server/access/schema.ts";
import { COMMANDS, findCommand, permissionOf } from "#server/gateway/commands/registry.ts";
import { admissible } from "#server/gateway/dispatch.ts";
import { rulesFor, type LimitSettings } from "#server/ratelimit/policy.ts";

/** Who is imagined to send the message. */
export interface Sender {
  principal: Principal;
  /** For people: `this token`, `role "user"` … */
  title: string;
}

/** A sender that would not get as far as the policy. */
export interface UnknownSender {
  code: "token_unknown" | "token_revoked" | "token_expired";
  because: string;
  message: string;
}

export interface ExplainedCommand {
  allow: boolean;
  /** A code of a decision, or `unknown_command`, or that of an unknown sender. */
  code: string;
  because: string;
  message: string;
  role: string | null;
  sender: string | null;
  trace: TraceEntry[];
  effective: EffectiveGrant;
  /** Limits a message that is let through counts against. */
  limits: { rule: string; max: number; windowMs: number }[];
}

export interface ImaginedMessage {
  channel: string;
  /** Lower case, without the slash. */
  command: string;
  userId: string | null;
}

export function explainCommand(
  policy: PolicySnapshot,
  limits: LimitSettings,
  { principal, title }: Sender,
  message: ImaginedMessage,
): ExplainedCommand {
  const { channel, command, userId } = message;
  const request = { channel, command, userId, permission: permissionOf(command) };
  const { decision, trace, effective } = explain(policy, principal, request, COMMANDS);
  const common = { because: decision.because, role: decision.role, sender: title, trace, effective, limits: [] };
  if (!decision.allow) {
    return { ...common, allow: false, code: decision.code, message: decision.message };
  }
  if (findCommand(command) === undefined) {
    const known = `There is no command "/${command}". The commands are: ${COMMANDS.map(({ name }) => name).join(", ")}.`;
    return { ...common, allow: false, code: "unknown_command", because: `command "${command}"`, message: known };
  }
  const rules = rulesFor(limits, admissible(policy, principal, message).counted);
  return {
    ...common,
    allow: true,
    code: decision.code,
    message: `Command "${command}" is allowed on channel "${channel}".`,
    limits: rules.map(({ source, max, windowMs }) => ({ rule: source, max, windowMs })),
  };
}

export function explainUnknownSender(unknown: UnknownSender): ExplainedCommand {
  const nothing: EffectiveGrant = { permissions: [], channels: [], commands: [] };
  return { ...unknown, allow: false, role: null, sender: null, trace: [], effective: nothing, limits: [] };
}

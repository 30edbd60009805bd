/** What a command is: a name, the permission it needs, and what it does with a message that was let through. */
import type { Decision, Principal } from "#server/access/schema.ts";
import type { Permission } from "#server/access/index.ts";
import type { ConversationFacts } from "#server/gateway/dispatch.ts";
import type { Conversation } from "#server/memory/index.ts";
import type { GatewayServices } from "#server/gateway/services.ts";
import type { RunOptions } from "#server/gateway/run-options.ts";
import type { AuditEventInput } from "#server/audit/schema.ts";

export interface CommandContext {
  services: GatewayServices;
  principal: Principal;
  /** The end user, or null when the token acts for itself. */
  userId: string | null;
  channel: string;
  decision: Decision & { allow: true };
  requestId: string;
  idempotencyKey: string | undefined;
  /** The text behind the command, as written. */
  args: string;
  /** What came beside the text; empty unless the command starts runs. */
  options: RunOptions;
  /** Where on a platform it was written; null for callers of the API. */
  conversation: ConversationFacts | null;
  /** The record of the accepted message; a command that starts a run stores it in the run's own transaction. */
  received: AuditEventInput;
}

/** Whose memory it is. A token has its own, apart from every platform's, and one for each user it speaks for. */
export const conversationOf = ({ channel, conversation, principal, userId }: CommandContext): Conversation => ({
  channel,
  conversationId: conversation?.conversationId ?? principal.id,
  userId: userId ?? "",
});

/** `approvalId`: nothing runs until somebody has approved it. */
export type CommandResult = { kind: "text"; text: string; approvalId?: string } | { kind: "run"; runId: string };

export interface Command {
  name: string;
  permission: Permission;
  usage: string;
  summary: string;
  /** Takes a profile, files and outputs. */
  startsRuns?: true;
  execute(context: CommandContext): Promise<CommandResult>;
}

/** A run whose profile asks for approval is not started but stored, and its sender hears under which id. */
import { askApproval, type ApprovalContent } from "#server/approvals/index.ts";
import type { AuditEventInput } from "#server/audit/schema.ts";
import type { CommandContext, CommandResult } from "#server/gateway/commands/command.ts";
import type { NewRunFile } from "#server/sandbox/index.ts";

type Asked = Pick<
  ApprovalContent,
  "language" | "code" | "profile" | "agent" | "model" | "outputs" | "conversationId" | "history"
>;

export async function askForApproval(
  { services, principal, userId, channel, conversation, requestId, idempotencyKey, received }: CommandContext,
  asked: Asked,
  files: readonly NewRunFile[],
  events: readonly AuditEventInput[],
): Promise<CommandResult> {
  const command = asked.language === "agent" ? "ask" : "run";
  const content: ApprovalContent = {
    command,
    ...asked,
    files: files.map(({ path, bytes, content: stored, reason }) => ({
      path,
      bytes,
      content: (stored ?? Buffer.alloc(0)).toString("base64"),
      reason,
    })),
  };
  const { id } = await askApproval(
    services,
    content,
    {
      principal: {
        ...principal,
        scopes: [...principal.scopes],
        channels: [...principal.channels],
        memberId: services.policy.current().users.get(userId ?? "")?.memberId ?? null,
      },
      userId,
      channel,
      conversation: conversation === null ? null : { ...conversation },
      requestId,
      idempotencyKey,
    },
    occasionOf(received),
    events,
  );
  return {
    kind: "text",
    text: `This waits for approval as ${id}. Somebody who may approves it within an hour, and the answer comes then.`,
    approvalId: id,
  };
}

const occasionOf = ({
  actor,
  outcome,
  tokenId,
  userId,
  channel,
  address,
  requestId,
  correlationId,
}: AuditEventInput) => ({
  actor,
  outcome,
  tokenId,
  userId,
  channel,
  address,
  requestId,
  correlationId,
});

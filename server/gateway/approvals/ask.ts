/** A run whose profile asks for approval is not started but stored, and its sender hears under which id. */
import { askApproval, type ApprovalContent } from "#server/approvals/index.ts";
import type { Principal } from "#server/access/schema.ts";
import type { AuditEventInput } from "#server/audit/schema.ts";
import { namesShown } from "#server/core/name-list.ts";
import type { CommandContext, CommandResult } from "#server/gateway/commands/command.ts";
import type { GatewayServices } from "#server/gateway/services.ts";
import { listsOfToken } from "#server/gateway/token-models.ts";
import { modelsOfAll } from "#server/models/index.ts";
import { commonModels } from "#server/models/policy.ts";
import type { NewRunFile } from "#server/sandbox/index.ts";
import { grantsOf } from "#server/sandbox/policy.ts";

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
    text: `This waits for approval as ${id}. Somebody who may approves it within an hour, and the answer comes then.${modelNote(services, principal, asked)}`,
    approvalId: id,
  };
}

/** Said before somebody is asked: a program may do without models, but one that does not would fail after its approval. */
function modelNote(services: GatewayServices, principal: Principal, { language, profile }: Asked): string {
  const { allowed } = grantsOf(services.config.current().config.security.sandboxing, profile).models;
  const reached = commonModels(allowed, modelsOfAll(listsOfToken(services, principal)));
  return language === "agent" || allowed.length === 0 || reached.length > 0
    ? ""
    : ` It will reach no model: the profile "${profile}" grants ${namesShown(allowed)}, and this token's list of models has none of them.`;
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

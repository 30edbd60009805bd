/** From a command that was let through to an accepted run: what `run` and `ask` have in common. */
import type { CommandContext, CommandResult } from "#server/gateway/commands/command.ts";
import { acceptedFiles } from "#server/gateway/run-options.ts";
import { askForApproval } from "#server/gateway/approvals/ask.ts";
import { requireEngine, submitRun } from "#server/sandbox/index.ts";
import { DEFAULT_PROFILE, needsApproval } from "#server/sandbox/policy.ts";
import type { RunRequestInput } from "#server/sandbox/schema.ts";

type RunAsked = Pick<
  RunRequestInput,
  "language" | "code" | "profile" | "agent" | "model" | "outputs" | "conversationId" | "history"
>;

/**
 * Without a reachable engine it is refused at once: nothing ever runs on the host.
 * @throws AppError, Refusal; what came with the message is judged here
 */
export async function startRun(context: CommandContext, asked: RunAsked): Promise<CommandResult> {
  const { services, principal, userId, channel, decision, requestId, idempotencyKey, received } = context;
  await requireEngine(services.db);
  const { files, events } = await acceptedFiles(context);
  const { language, code, profile, agent, model } = asked;
  if (needsApproval(services.config.current().config.security.sandboxing, profile)) {
    return askForApproval(
      context,
      {
        language,
        code,
        profile: profile ?? DEFAULT_PROFILE,
        agent: agent ?? null,
        model: model ?? null,
        outputs: asked.outputs ?? [],
        conversationId: asked.conversationId ?? null,
        history: asked.history ?? [],
      },
      files,
      events,
    );
  }
  const data = {
    language,
    profile: profile ?? DEFAULT_PROFILE,
    bytes: Buffer.byteLength(code),
    files: files.length,
    ...(agent === undefined ? {} : { agent, model: model ?? null }),
  };
  const { runId } = await submitRun(
    services,
    {
      ...asked,
      idempotencyKey,
      principalId: principal.id,
      tokenId: principal.tokenId ?? undefined,
      userId: userId ?? undefined,
      roleName: decision.role,
      channel,
      requestId,
    },
    [received, { ...received, event: "run.queued", data }, ...events],
    files,
  );
  return { kind: "run", runId };
}

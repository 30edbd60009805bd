import type { Command } from "#server/gateway/commands/command.ts";
import { parseRunArgs } from "#server/gateway/grammar.ts";
import { requireEngine, submitRun } from "#server/sandbox/index.ts";

/** Accepts code as a sandbox run. Without a reachable engine it is refused at once: nothing ever runs on the host. */
export const runCommand: Command = {
  name: "run",
  permission: "runs:create",
  usage: "/run <python|node|sh> and the code on the next lines",
  summary: "run code in a sandbox",
  async execute({ services, principal, userId, channel, decision, requestId, idempotencyKey, args, received }) {
    const { language, code } = parseRunArgs(args);
    await requireEngine(services.db);
    const { runId } = await submitRun(
      services,
      {
        language,
        code,
        idempotencyKey,
        principalId: principal.id,
        tokenId: principal.tokenId ?? undefined,
        userId: userId ?? undefined,
        roleName: decision.role,
        channel,
        requestId,
      },
      [received, { ...received, event: "run.queued", data: { language, bytes: Buffer.byteLength(code) } }],
    );
    return { kind: "run", runId };
  },
};

import type { Command } from "#server/gateway/commands/command.ts";
import { parseRunArgs } from "#server/gateway/grammar.ts";
import { acceptedFiles, acceptedOutputs, allowedProfile } from "#server/gateway/run-options.ts";
import { requireEngine, submitRun } from "#server/sandbox/index.ts";

/** Accepts code as a sandbox run. Without a reachable engine it is refused at once: nothing ever runs on the host. */
export const runCommand: Command = {
  name: "run",
  permission: "runs:create",
  usage: "/run <python|node|sh> and the code on the next lines",
  summary: "run code in a sandbox",
  startsRuns: true,
  async execute(context) {
    const { services, principal, userId, channel, decision, requestId, idempotencyKey, args, received } = context;
    const { language, code } = parseRunArgs(args);
    const profile = allowedProfile(context);
    const outputs = acceptedOutputs(context);
    await requireEngine(services.db);
    const { files, events } = await acceptedFiles(context);
    const { runId } = await submitRun(
      services,
      {
        language,
        code,
        profile,
        outputs,
        idempotencyKey,
        principalId: principal.id,
        tokenId: principal.tokenId ?? undefined,
        userId: userId ?? undefined,
        roleName: decision.role,
        channel,
        requestId,
      },
      [
        received,
        {
          ...received,
          event: "run.queued",
          data: { language, profile, bytes: Buffer.byteLength(code), files: files.length },
        },
        ...events,
      ],
      files,
    );
    return { kind: "run", runId };
  },
};

import type { Command } from "#server/gateway/commands/command.ts";
import { startRun } from "#server/gateway/commands/start-run.ts";
import { parseRunArgs } from "#server/gateway/grammar.ts";
import { acceptedOutputs, allowedProfile } from "#server/gateway/run-options.ts";

/** Accepts code as a sandbox run. */
export const runCommand: Command = {
  name: "run",
  permission: "runs:create",
  usage: "/run <python|node|sh> and the code on the next lines",
  summary: "run code in a sandbox",
  startsRuns: true,
  async execute(context) {
    const { language, code } = parseRunArgs(context.args);
    const profile = allowedProfile(context);
    return startRun(context, { language, code, profile, outputs: acceptedOutputs(context) });
  },
};

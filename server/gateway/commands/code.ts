import type { Command } from "#server/gateway/commands/command.ts";

/** What waits for a code takes it before any command is looked for; this one is reached when nothing does, or when it is no code. */
export const codeCommand: Command = {
  name: "code",
  permission: "status:read",
  usage: "/code <six digits>, or the digits alone",
  summary: "prove that it is you, for a command that asks",
  execute: () =>
    Promise.resolve({
      kind: "text",
      text: "Nothing waits for a code here. A command that asks for one says so; the code is six digits.",
    }),
};

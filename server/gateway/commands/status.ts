import type { Command } from "#server/gateway/commands/command.ts";
import { engineStatus } from "#server/sandbox/index.ts";

/** Whether the gateway can do its work, in words a chat user understands; no versions or paths, which help an attacker most. */
export const statusCommand: Command = {
  name: "status",
  permission: "status:read",
  usage: "/status",
  summary: "whether the gateway and its sandbox are working",
  async execute({ services, principal, channel, userId, decision }) {
    const engine = await engineStatus(services.db);
    const who = userId ?? principal.name;
    return {
      kind: "text",
      text: [
        "Gateway: running.",
        `Sandbox: ${engine.available ? "ready" : "not available, runs are refused"}.`,
        `You: ${who}, role ${decision.role}, channel ${channel}.`,
      ].join("\n"),
    };
  },
};

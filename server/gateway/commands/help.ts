import { decide } from "#server/access/index.ts";
import type { Command } from "#server/gateway/commands/command.ts";

/** Lists what this very caller may use here, by asking the policy about each command. */
export function helpCommand(commands: () => readonly Command[]): Command {
  return {
    name: "help",
    permission: "status:read",
    usage: "/help",
    summary: "the commands you may use on this channel",
    async execute({ services, principal, channel, userId }) {
      const policy = services.policy.current();
      const usable = commands().filter(
        ({ name, permission }) => decide(policy, principal, { channel, command: name, permission, userId }).allow,
      );
      const lines = usable.map(({ usage, summary }) => `${usage} - ${summary}`);
      return { kind: "text", text: ["You may use:", ...lines].join("\n") };
    },
  };
}

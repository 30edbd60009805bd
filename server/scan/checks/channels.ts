/** The rules of channels. */
import { checksOf, type Check } from "#server/scan/check.ts";
import { shellWord } from "#server/scan/shown.ts";

export const CHANNEL_CHECKS: readonly Check[] = [
  ...checksOf(
    "channels",
    ["access"],
    [
      {
        id: "channels.open_to_all",
        severity: "warn",
        title: "A channel is open to everybody",
        why: "Whoever finds the bot may use it.",
        run: ({ access: { policy } }) =>
          [...policy.channels].flatMap(([channel, { allowedUsers, source }]) =>
            allowedUsers.includes("*") && channel !== "api"
              ? [
                  {
                    subject: `channel ${channel}`,
                    evidence: `channel ${channel} (${source}) lets in every user.`,
                    fix: "Name users or roles instead of *.",
                  },
                ]
              : [],
          ),
      },
      {
        id: "channels.open_with_code",
        severity: "critical",
        title: "Everybody on a channel may run code",
        why: "Strangers get a machine of yours to try things on.",
        run: ({ access: { policy } }) =>
          [...policy.channels].flatMap(([channel, { allowedUsers, allowedCommands, blockedCommands, source }]) => {
            const open = allowedUsers.includes("*") && !blockedCommands.includes("run");
            const runs = allowedCommands === null || allowedCommands.includes("*") || allowedCommands.includes("run");
            return open && runs && channel !== "api"
              ? [
                  {
                    subject: `channel ${channel}`,
                    evidence: `channel ${channel} (${source}) lets in every user and does not block run.`,
                    fix: "Block the command there.",
                    command: `openclaw access channels set ${shellWord(channel)} --blocked-commands run`,
                  },
                ]
              : [];
          }),
      },
      {
        id: "channels.unknown_command",
        severity: "info",
        title: "A channel allows commands that all are blocked",
        why: "It looks like an allowance and never applies.",
        run: ({ access: { policy } }) =>
          [...policy.channels].flatMap(([channel, { allowedCommands, blockedCommands, source }]) =>
            allowedCommands !== null &&
            allowedCommands.length > 0 &&
            allowedCommands.every((command) => blockedCommands.includes(command) || blockedCommands.includes("*"))
              ? [
                  {
                    subject: `channel ${channel}`,
                    evidence: `channel ${channel} (${source}) blocks every command that it allows.`,
                    fix: "Correct one of the two lists.",
                  },
                ]
              : [],
          ),
      },
      {
        id: "channels.no_role_reaches",
        severity: "warn",
        title: "A channel lets in a role that may not use it",
        why: "It looks like an allowance and never applies.",
        run: ({ access: { policy } }) =>
          [...policy.channels].flatMap(([channel, { allowedRoles, source }]) =>
            allowedRoles.flatMap((role) => {
              const channels = policy.roles.get(role)?.channels;
              return channels !== undefined && !channels.includes("*") && !channels.includes(channel)
                ? [
                    {
                      subject: `channel ${channel}, role ${role}`,
                      evidence: `channel ${channel} (${source}) lets in role ${role}, which may not use it.`,
                      fix: "Add the channel to the role, or take the role off the list.",
                    },
                  ]
                : [];
            }),
          ),
      },
      {
        id: "channels.stored_role_missing",
        severity: "warn",
        title: "A stored channel lets in a role that does not exist",
        why: "It never applies, until somebody makes a role of that name.",
        run: ({ access: { policy } }) =>
          [...policy.channels].flatMap(([channel, { allowedRoles, source }]) =>
            source.startsWith("channel ")
              ? allowedRoles
                  .filter((role) => role !== "*" && !policy.roles.has(role))
                  .map((role) => ({
                    subject: `channel ${channel}, role ${role}`,
                    evidence: `channel ${channel} lets in role ${role}, which does not exist.`,
                    fix: "Take the role off the list.",
                  }))
              : [],
          ),
      },
    ],
  ),
];

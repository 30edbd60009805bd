/** Who writes from platforms, and what they may do. */
import { atKey, checksOf, setKey, type Check } from "#server/scan/check.ts";
import { connected } from "#server/scan/checks/connected.ts";
import { givesCommand, isWideRole } from "#server/scan/checks/words.ts";
import { shellWord } from "#server/scan/shown.ts";

const MANY_PAIRINGS = 20;

export const PLATFORM_SENDER_CHECKS: readonly Check[] = [
  ...checksOf(
    "channels",
    ["configuration", "senders", "access"],
    [
      {
        id: "channels.default_role_wide",
        severity: "critical",
        title: "Whoever a channel lets in may do everything",
        why: "One more sender on the list is one more administrator.",
        run: (facts) =>
          connected(facts).flatMap(({ channel, role, at }) =>
            isWideRole(facts.access.policy, role)
              ? [
                  at(
                    "role",
                    `Senders of ${channel} whom no user record describes get the role ${role}.`,
                    "Use a small role such as user.",
                  ),
                ]
              : [],
          ),
      },
      {
        id: "channels.default_role_missing",
        severity: "warn",
        title: "A channel gives its senders a role that does not exist",
        why: "They are refused, until somebody makes a role of that name.",
        run: (facts) =>
          connected(facts).flatMap(({ channel, role, at }) =>
            facts.access.policy.roles.has(role)
              ? []
              : [
                  at(
                    "role",
                    `Senders of ${channel} get the role ${role}, which does not exist.`,
                    "Name one that does.",
                  ),
                ],
          ),
      },
      {
        id: "channels.pairing_runs_code",
        severity: "info",
        title: "Strangers who pair may run code",
        why: "Approving a code is one careless click; a smaller role for newcomers costs nothing.",
        run: (facts) =>
          connected(facts).flatMap(({ channel, role, unknownSenders, at }) =>
            unknownSenders === "pair" && givesCommand(facts.access.policy, role, "run")
              ? [
                  at(
                    "role",
                    `Strangers on ${channel} get a pairing code, and the role ${role} may run programs.`,
                    "Give newcomers a role without run, or set unknownSenders to refuse.",
                  ),
                ]
              : [],
          ),
      },
      {
        id: "channels.without_rules",
        severity: "info",
        title: "A platform is connected without rules of its channel",
        why: "Everybody whose role allows the channel may use it; who that is stands nowhere.",
        run: (facts) =>
          connected(facts).flatMap(({ channel, at }) =>
            facts.access.policy.channels.has(channel)
              ? []
              : [
                  at(
                    "type",
                    `${channel} has a connection and no rules.`,
                    "Write who may use it: openclaw access channels set, or channels in the file.",
                  ),
                ],
          ),
      },
    ],
  ),
  ...checksOf(
    "channels",
    ["senders"],
    [
      {
        id: "channels.many_pairings",
        severity: "warn",
        title: "Many strangers wait to be paired",
        why: "Somebody spreads the bot's name or tries to wear out whoever approves.",
        run: ({ senders: { pendingPairings } }) =>
          pendingPairings > MANY_PAIRINGS
            ? [
                {
                  subject: "pairing",
                  evidence: `${pendingPairings} pairing codes wait.`,
                  fix: "Look at them, and set unknownSenders to refuse if they are not yours.",
                  command: "openclaw pairing list",
                },
              ]
            : [],
      },
    ],
  ),
  ...checksOf(
    "channels",
    ["senders", "access", "configuration"],
    [
      {
        id: "channels.identity_orphaned",
        severity: "info",
        title: "An approved sender belongs to a channel that is gone",
        why: "When a channel of that name comes back, they are let in without being asked.",
        run: (facts) => {
          const channels = new Set([
            ...connected(facts).map(({ channel }) => channel),
            ...facts.access.policy.channels.keys(),
          ]);
          return facts.senders.identities
            .filter(({ channel }) => !channels.has(channel))
            .map(({ channel, senderId }) => ({
              subject: `identity ${channel}/${senderId}`,
              evidence: `${senderId} is approved on ${channel}, which is neither connected nor has rules.`,
              fix: "Remove the approval.",
              command: `openclaw pairing remove ${shellWord(channel)} ${shellWord(senderId)}`,
            }));
        },
      },
      {
        id: "channels.identity_wide",
        severity: "warn",
        title: "A chat account may do everything",
        why: "Whoever takes over that account is an administrator of the gateway.",
        run: ({ senders, access: { policy }, configuration: { config } }) => {
          const stepUp = config.security.authorization.stepUp.commands;
          return senders.identities
            .filter(
              ({ userId }) =>
                isWideRole(policy, policy.users.get(userId)?.role ?? "") &&
                !stepUp.includes("*") &&
                !stepUp.includes("run"),
            )
            .map(({ channel, senderId, userId }) => ({
              ...atKey(
                ["security", "authorization", "stepUp", "commands"],
                `${senderId} on ${channel} is ${userId}, who may do everything, and no command asks for a code.`,
                "Ask for a code, or give them a smaller role.",
                { command: setKey(["security", "authorization", "stepUp", "commands"], '["run","approve"]') },
              ),
              subject: `identity ${channel}/${senderId}`,
            }));
        },
      },
    ],
  ),
];

/** Roles and users as they are in force, whoever owns them. */
import { can, isKnownPermission } from "#server/access/index.ts";
import { atKey, checksOf, setKey, type Check, type Hit } from "#server/scan/check.ts";
import { isWideRole } from "#server/scan/checks/words.ts";
import type { AccessState } from "#server/scan/facts/sources.ts";
import { few, shellWord } from "#server/scan/shown.ts";

const MANY_WIDE = 5;
/** Names that promise a role which only looks. */
const LOOKING = /^(?:read-?only|viewer|guest|auditor|observer)$/i;
const CHANGING = [
  "messages:send",
  "runs:create",
  "config:write",
  "tokens:create",
  "roles:write",
  "users:write",
  "members:write",
];

const role = (name: string, source: string, evidence: string, fix: string, command?: string): Hit => ({
  subject: `role ${name}`,
  evidence: `role ${name} (${source}) ${evidence}.`,
  fix,
  command,
});
const user = (id: string, source: string, evidence: string, fix: string, command?: string): Hit => ({
  subject: `user ${id}`,
  evidence: `user ${id} (${source}) ${evidence}.`,
  fix,
  command,
});

const fromFindings = (access: AccessState, kind: AccessState["findings"][number]["kind"]): Hit[] =>
  access.findings
    .filter((finding) => finding.kind === kind)
    .map(({ subject, message, fix }) => ({ subject, evidence: `${subject} ${message}.`, fix }));

export const ACCESS_CHECKS: readonly Check[] = [
  ...checksOf(
    "access",
    ["access"],
    [
      {
        id: "access.role_wide",
        severity: "warn",
        title: "A role of your own may do everything",
        why: "Nobody expects of it what admin may; whoever has it can give themselves the rest.",
        run: ({ access }) => fromFindings(access, "wide_role"),
      },
      {
        id: "access.role_unused",
        severity: "info",
        title: "A role is used by nobody",
        why: "What nobody watches can be widened unnoticed.",
        run: ({ access }) => fromFindings(access, "unused_role"),
      },
      {
        id: "access.role_unknown_permission",
        severity: "warn",
        title: "A role names a permission that does not exist",
        why: "It looks like a right and grants nothing; the one that was meant is missing.",
        run: ({ access: { policy } }) =>
          [...policy.roles].flatMap(([name, { permissions, source }]) => {
            const unknown = permissions.filter((entry) => !isKnownPermission(entry));
            return unknown.length === 0
              ? []
              : [role(name, source, `names ${few(unknown)}, which no permission is`, "Correct or remove the names.")];
          }),
      },
      {
        id: "access.role_empty",
        severity: "info",
        title: "A role may do nothing",
        why: "Whoever has it is refused everywhere; a channel, command or permission was forgotten.",
        run: ({ access: { policy } }) =>
          [...policy.roles].flatMap(([name, { permissions, source }]) =>
            permissions.length === 0
              ? [role(name, source, "has no permission at all", "Give it what it needs, or delete it.")]
              : [],
          ),
      },
      {
        id: "access.role_grants_itself",
        severity: "warn",
        title: "A role can give itself more",
        why: "Whoever may write the configuration decides about every right, their own included.",
        run: ({ access: { policy } }) =>
          [...policy.roles].flatMap(([name, { permissions, source }]) =>
            !permissions.includes("*") && can(permissions, "config:write")
              ? [
                  role(
                    name,
                    source,
                    "may change the configuration, and with it every right",
                    "Take config:write from it, or treat it as admin.",
                  ),
                ]
              : [],
          ),
      },
      {
        id: "access.looking_role_changes",
        severity: "warn",
        title: "A role that by its name only looks may change things",
        why: "It is given away without a second thought.",
        run: ({ access: { policy } }) =>
          [...policy.roles].flatMap(([name, { permissions, source }]) => {
            const may = CHANGING.filter((permission) => can(permissions, permission));
            return LOOKING.test(name) && may.length > 0
              ? [role(name, source, `may ${few(may)}`, "Take that from it, or name it for what it may do.")]
              : [];
          }),
      },
      {
        id: "access.approves_itself",
        severity: "warn",
        title: "A role may both start runs and approve them",
        why: "Two of its kind approve each other's; the second pair of eyes has the same hands.",
        run: ({ access: { policy } }) =>
          [...policy.roles].flatMap(([name, { permissions, source }]) =>
            !permissions.includes("*") && can(permissions, "runs:create") && can(permissions, "runs:approve")
              ? [role(name, source, "has runs:create and runs:approve", "Give approval to a role of its own.")]
              : [],
          ),
      },
      {
        id: "access.user_role_missing",
        severity: "warn",
        title: "A user has a role that does not exist",
        why: "They are refused everywhere, until somebody makes a role of that name.",
        run: ({ access: { policy } }) =>
          [...policy.users].flatMap(([id, entry]) =>
            policy.roles.has(entry.role)
              ? []
              : [
                  user(
                    id,
                    entry.source,
                    `has the role ${entry.role}, which does not exist`,
                    "Give them one that does.",
                    `openclaw access users set ${shellWord(id)} --role user`,
                  ),
                ],
          ),
      },
      {
        id: "access.user_without_channel",
        severity: "info",
        title: "A user may use no channel",
        why: "If they are not to write at all, the record can go; if they are, something is missing.",
        run: ({ access: { policy } }) =>
          [...policy.users].flatMap(([id, { channels, source }]) =>
            channels?.length === 0
              ? [
                  user(
                    id,
                    source,
                    "has an empty list of channels",
                    "Name channels, or delete the user.",
                    `openclaw access users delete ${shellWord(id)}`,
                  ),
                ]
              : [],
          ),
      },
      {
        id: "access.user_channel_unreachable",
        severity: "warn",
        title: "A user is given a channel that their role may not use",
        why: "It looks like a right and never applies: the narrower of the two counts.",
        run: ({ access: { policy } }) =>
          [...policy.users].flatMap(([id, { channels, role: name, source }]) => {
            const ofRole = policy.roles.get(name)?.channels;
            const lost = (channels ?? []).filter(
              (channel) =>
                channel !== "*" && ofRole !== undefined && !ofRole.includes("*") && !ofRole.includes(channel),
            );
            return lost.length === 0
              ? []
              : [
                  user(
                    id,
                    source,
                    `may use ${few(lost)}, which role ${name} may not`,
                    "Add the channel to the role, or take it from the user.",
                  ),
                ];
          }),
      },
      {
        id: "access.many_wide_users",
        severity: "warn",
        title: "Many users may do everything",
        why: "Each of their accounts on a messaging platform is a key to the whole gateway.",
        run: ({ access: { policy } }) => {
          const wide = [...policy.users].filter(([, { role: name }]) => isWideRole(policy, name)).map(([id]) => id);
          return wide.length > MANY_WIDE
            ? [
                {
                  subject: "users",
                  evidence: `${wide.length} users may do everything: ${few(wide)}.`,
                  fix: "Give most of them a smaller role.",
                  command: "openclaw access users list",
                },
              ]
            : [];
        },
      },
    ],
  ),
  ...checksOf(
    "access",
    ["access", "configuration"],
    [
      {
        id: "access.wide_without_step_up",
        severity: "info",
        title: "Dangerous commands ask for no proof on messaging platforms",
        why: "Whoever takes over an administrator's chat account gives commands as them.",
        run: ({ access: { policy }, configuration: { config } }) => {
          const { commands } = config.security.authorization.stepUp;
          const users = [...policy.users].filter(([, { role: name }]) => isWideRole(policy, name)).map(([id]) => id);
          const covered = commands.includes("*") || commands.includes("run");
          return users.length > 0 && !covered
            ? [
                atKey(
                  ["security", "authorization", "stepUp", "commands"],
                  `${few(users)} may do everything, and security.authorization.stepUp.commands does not name run.`,
                  "Ask for a code, and have them enrol an authenticator.",
                  { command: setKey(["security", "authorization", "stepUp", "commands"], '["run","approve"]') },
                ),
              ]
            : [];
        },
      },
      {
        id: "access.restriction_loose",
        severity: "info",
        title: "A limit of a user is looser than that of everybody",
        why: "It looks like a restriction and never applies: the tighter one counts.",
        run: ({ access: { policy }, configuration: { config } }) => {
          const { enabled, perUser } = config.security.rateLimit;
          return [...policy.users].flatMap(([id, { restrictions, source }]) =>
            restrictions !== null &&
            enabled &&
            !perUser.skipSuccessfulRequests &&
            restrictions.maxMessages >= perUser.maxRequests &&
            restrictions.timeWindowMs <= perUser.windowMs
              ? [
                  user(
                    id,
                    source,
                    `may send ${restrictions.maxMessages} messages in ${restrictions.timeWindowMs} ms, while security.rateLimit.perUser allows ${perUser.maxRequests} in ${perUser.windowMs} ms`,
                    "Lower it, or remove it.",
                  ),
                ]
              : [],
          );
        },
      },
    ],
  ),
];

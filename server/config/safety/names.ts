/**
 * Rules about names that no message can bear, so that what is said of them never applies (AUTHZ-1 to AUTHZ-3). Names are compared exactly:
 * a block of `Config` does not block the command `config`.
 */
import { ChannelName, CommandName, SubjectId } from "#server/access/schema.ts";
import type { Path } from "#server/config/json5/value.ts";
import type { Finding } from "#server/config/problems.ts";
import type { Config } from "#server/config/schema.ts";

interface Kind {
  what: string;
  fits: (name: string) => boolean;
  form: string;
}

const CHANNEL: Kind = {
  what: "channel",
  fits: (name) => ChannelName.safeParse(name).success,
  form: "lower-case letters, digits, _ and - only",
};
const COMMAND: Kind = {
  what: "command",
  fits: (name) => CommandName.safeParse(name).data === name,
  form: "lower-case letters, digits, _ and - only, without the slash",
};
const USER: Kind = {
  what: "user id",
  fits: (name) => SubjectId.safeParse(name).success,
  form: "letters, digits and . _ : @ + - only, starting with a letter or digit",
};

export function nameFindings({ channels, security }: Config): Finding[] {
  const { roles, users } = security.authorization;
  return [
    ...Object.entries(roles).flatMap(([name, role]) => {
      const base = ["security", "authorization", "roles", name];
      return [
        ...inList(CHANNEL, [...base, "channels"], role.channels),
        ...inList(COMMAND, [...base, "commands"], role.commands),
      ];
    }),
    ...Object.entries(users).flatMap(([id, user]) => {
      const base = ["security", "authorization", "users", id];
      return [...of(USER, base, id), ...inList(CHANNEL, [...base, "channels"], user.channels ?? [])];
    }),
    ...Object.entries(channels).flatMap(([channel, { permissions }]) => {
      const base = ["channels", channel, "permissions"];
      return [
        ...of(CHANNEL, ["channels", channel], channel),
        ...inList(USER, [...base, "allowedUsers"], permissions.allowedUsers),
        ...inList(USER, [...base, "blockedUsers"], permissions.blockedUsers),
        ...inList(COMMAND, [...base, "commands", "allowed"], permissions.commands.allowed ?? []),
        ...inList(COMMAND, [...base, "commands", "blocked"], permissions.commands.blocked),
      ];
    }),
  ];
}

function inList(kind: Kind, path: Path, names: readonly string[]): Finding[] {
  return names.flatMap((name, index) => of(kind, [...path, index], name));
}

function of({ what, fits, form }: Kind, path: Path, name: string): Finding[] {
  return name === "*" || fits(name)
    ? []
    : [
        {
          severity: "warning",
          path,
          reason: `is no ${what} a message can have, so it never applies`,
          fix: `Write ${form}.`,
        },
      ];
}

/** What is probably not meant in a channel's rules: a block that undoes an allow, a name let in that its role keeps out. Pure. */
import type { ChannelRules, PolicySnapshot } from "#server/access/schema.ts";

export type HintCode =
  | "nobody_admitted"
  | "everybody_blocked"
  | "user_blocked_and_allowed"
  | "user_without_channel"
  | "user_role_unknown"
  | "role_unknown"
  | "role_without_channel"
  | "command_blocked_and_allowed"
  | "no_command"
  | "user_without_record";

export interface Hint {
  code: HintCode;
  /** `info`: works as written, but may surprise. */
  severity: "warning" | "info";
  field: "allowedUsers" | "allowedRoles" | "blockedUsers" | "allowedCommands" | "blockedCommands";
  message: string;
}

type People = Pick<PolicySnapshot, "roles" | "users">;

/** In the order of the form's fields; the same rules give the same hints as `decide` gives answers. */
export function channelHints(channel: string, rules: Omit<ChannelRules, "source">, policy: People): Hint[] {
  return [
    ...admission(rules),
    ...rules.allowedUsers.flatMap((id) => (id === "*" ? [] : userHints(channel, id, rules, policy))),
    ...rules.allowedRoles.flatMap((name) => (name === "*" ? [] : roleHints(channel, name, policy))),
    ...commandHints(rules),
  ];
}

const covers = (list: readonly string[], name: string): boolean => list.includes("*") || list.includes(name);

function admission({ allowedUsers, allowedRoles, blockedUsers }: Omit<ChannelRules, "source">): Hint[] {
  if (blockedUsers.includes("*")) {
    const message = '"*" blocks every person: the lists of who is allowed have no effect.';
    return [{ code: "everybody_blocked", severity: "warning", field: "blockedUsers", message }];
  }
  if (allowedUsers.length === 0 && allowedRoles.length === 0) {
    const message = "Nobody is let in: no user and no role is allowed. Name some, or * for everybody.";
    return [{ code: "nobody_admitted", severity: "warning", field: "allowedUsers", message }];
  }
  return [];
}

function userHints(
  channel: string,
  id: string,
  { blockedUsers }: Omit<ChannelRules, "source">,
  policy: People,
): Hint[] {
  const field = "allowedUsers" as const;
  if (blockedUsers.includes(id)) {
    const message = `"${id}" is allowed and blocked. The block wins: "${id}" stays out.`;
    return [{ code: "user_blocked_and_allowed", severity: "warning", field, message }];
  }
  const user = policy.users.get(id);
  if (user === undefined) {
    const message = `"${id}" has no record: its messages have the rights of the token that carries them.`;
    return [{ code: "user_without_record", severity: "info", field, message }];
  }
  const role = policy.roles.get(user.role);
  if (role === undefined) {
    const message = `"${id}" is allowed, but its role "${user.role}" does not exist, so it stays out.`;
    return [{ code: "user_role_unknown", severity: "warning", field, message }];
  }
  if (!covers(role.channels, channel)) {
    const message = `"${id}" is allowed, but its role "${user.role}" may not use this channel, so it stays out.`;
    return [{ code: "user_without_channel", severity: "warning", field, message }];
  }
  if (user.channels !== null && !covers(user.channels, channel)) {
    const message = `"${id}" is allowed, but its own record does not list this channel, so it stays out.`;
    return [{ code: "user_without_channel", severity: "warning", field, message }];
  }
  return [];
}

function roleHints(channel: string, name: string, { roles }: People): Hint[] {
  const field = "allowedRoles" as const;
  const role = roles.get(name);
  if (role === undefined) {
    const message = `Role "${name}" does not exist, so the entry lets nobody in.`;
    return [{ code: "role_unknown", severity: "warning", field, message }];
  }
  if (!covers(role.channels, channel)) {
    const message = `Role "${name}" is allowed, but may not use this channel itself, so its people stay out.`;
    return [{ code: "role_without_channel", severity: "warning", field, message }];
  }
  return [];
}

function commandHints({ allowedCommands, blockedCommands }: Omit<ChannelRules, "source">): Hint[] {
  if (blockedCommands.includes("*") || allowedCommands?.length === 0) {
    const field = blockedCommands.includes("*") ? "blockedCommands" : "allowedCommands";
    const message = "No command can be given here: none is allowed, or all are blocked.";
    return [{ code: "no_command", severity: "warning", field, message }];
  }
  const both = (allowedCommands ?? []).filter((name) => name !== "*" && blockedCommands.includes(name));
  return both.map((name) => ({
    code: "command_blocked_and_allowed",
    severity: "warning",
    field: "allowedCommands",
    message: `/${name} is allowed and blocked. The block wins: nobody can give it here.`,
  }));
}

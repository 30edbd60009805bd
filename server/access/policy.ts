/**
 * `decide`: may this principal use this command on this channel? Pure, and the only place that answers the question:
 * the live gate, explanations and tests call the same function. Denies by default; every block is checked before any allow.
 */
import type {
  AccessRequest,
  ChannelRules,
  Decision,
  DenialCode,
  PolicySnapshot,
  Principal,
  RolePolicy,
  RuleSource,
} from "#server/access/schema.ts";
import { can } from "#server/access/permissions.ts";

const covers = (list: readonly string[], name: string): boolean => list.includes("*") || list.includes(name);

/** The narrowest of the credential's own grant and, where its end user has a record, the user's: both must allow. */
export function decide(snapshot: PolicySnapshot, principal: Principal, request: AccessRequest): Decision {
  const deny = (code: DenialCode, because: RuleSource, message: string): Decision => ({
    allow: false,
    code,
    because,
    role: principal.role,
    message,
  });
  const { channel, command, userId } = request;

  if (principal.boundUserId !== null && userId !== null && userId !== principal.boundUserId) {
    return deny(
      "user_mismatch",
      principal.id,
      `This token speaks for user "${principal.boundUserId}" only. Leave "user" out or use that id.`,
    );
  }
  const subject = userId ?? principal.boundUserId;
  const rules = snapshot.channels.get(channel);

  // Blocks hold even where authorization is switched off: whoever wrote one meant it.
  if (rules !== undefined && subject !== null && rules.blockedUsers.includes(subject)) {
    return deny(
      "user_blocked",
      `${rules.source}.blockedUsers`,
      `User "${subject}" is blocked on channel "${channel}".`,
    );
  }
  if (rules !== undefined && covers(rules.blockedCommands, command)) {
    return deny(
      "command_blocked",
      `${rules.source}.commands.blocked`,
      `Command "${command}" is blocked on channel "${channel}".`,
    );
  }
  if (!snapshot.enabled) {
    return {
      allow: true,
      code: "authorization_disabled",
      because: "security.authorization.enabled",
      role: principal.role,
    };
  }

  const user = subject === null ? undefined : snapshot.users.get(subject);
  const roleNames = user === undefined || user.role === principal.role ? [principal.role] : [principal.role, user.role];
  for (const name of roleNames) {
    const role = snapshot.roles.get(name);
    if (role === undefined) {
      return deny("role_unknown", `role "${name}"`, `Role "${name}" does not exist. Create it or assign another one.`);
    }
    const refused = refusedByRole(role, name, request);
    if (refused !== null) {
      return deny(refused.code, refused.because, refused.message);
    }
  }

  if (principal.channels.length > 0 && !covers(principal.channels, channel)) {
    return deny(
      "channel_not_in_token",
      principal.id,
      `This token may not use channel "${channel}" (it may use: ${principal.channels.join(", ")}).`,
    );
  }
  if (principal.scopes.length > 0 && !can(principal.scopes, request.permission)) {
    return deny("scope_missing", principal.id, `This token lacks the scope "${request.permission}".`);
  }
  if (user !== undefined && user.channels !== null && !covers(user.channels, channel)) {
    return deny(
      "channel_not_in_user",
      `${user.source}.channels`,
      `User "${subject ?? ""}" may not use channel "${channel}".`,
    );
  }
  const effectiveRole = user?.role ?? principal.role;
  const refused = rules === undefined ? null : refusedByChannel(rules, subject, effectiveRole, request);
  if (refused !== null) {
    return deny(refused.code, refused.because, refused.message);
  }
  const decisive = snapshot.roles.get(effectiveRole);
  return { allow: true, code: "allowed", because: `${decisive?.source ?? "role"}.commands`, role: effectiveRole };
}

interface Refusal {
  code: DenialCode;
  because: RuleSource;
  message: string;
}

function refusedByRole(role: RolePolicy, name: string, request: AccessRequest): Refusal | null {
  if (!covers(role.channels, request.channel)) {
    const message = `Role "${name}" may not use channel "${request.channel}" (it may use: ${role.channels.join(", ") || "none"}).`;
    return { code: "channel_not_in_role", because: `${role.source}.channels`, message };
  }
  if (!covers(role.commands, request.command)) {
    const message = `Role "${name}" may not use command "${request.command}" (it may use: ${role.commands.join(", ") || "none"}).`;
    return { code: "command_not_in_role", because: `${role.source}.commands`, message };
  }
  if (!can(role.permissions, request.permission)) {
    const message = `Role "${name}" lacks the permission "${request.permission}" that "${request.command}" needs.`;
    return { code: "permission_missing", because: `${role.source}.permissions`, message };
  }
  return null;
}

function refusedByChannel(
  rules: ChannelRules,
  subject: string | null,
  role: string,
  request: AccessRequest,
): Refusal | null {
  const { allowedUsers, allowedRoles } = rules;
  const restricted = allowedUsers !== null || allowedRoles !== null;
  const listed = subject !== null && (allowedUsers?.some((id) => id === subject || id === "*") ?? false);
  if (restricted && !listed && !covers(allowedRoles ?? [], role)) {
    const message = `Channel "${request.channel}" does not admit ${subject === null ? `role "${role}"` : `user "${subject}"`}.`;
    return {
      code: "user_not_allowed",
      because: `${rules.source}.${allowedUsers === null ? "allowedRoles" : "allowedUsers"}`,
      message,
    };
  }
  if (rules.allowedCommands !== null && !covers(rules.allowedCommands, request.command)) {
    const message = `Command "${request.command}" is not allowed on channel "${request.channel}".`;
    return { code: "command_not_in_channel", because: `${rules.source}.commands.allowed`, message };
  }
  return null;
}

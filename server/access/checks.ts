/**
 * The rules of the policy as one ordered list of checks, the only place that holds them: `decide` stops at the first that refuses, `explain`
 * goes through all of them. Pure. Blocks come before any allow; names are compared exactly, code unit by code unit.
 */
import { can } from "#server/access/permissions.ts";
import type {
  AccessRequest,
  ChannelRules,
  DenialCode,
  PolicySnapshot,
  Principal,
  RolePolicy,
  RuleSource,
  UserPolicy,
} from "#server/access/schema.ts";

/** Everything the checks look at, gathered once per request. */
export interface Facts {
  snapshot: PolicySnapshot;
  principal: Principal;
  request: AccessRequest;
  /** The end user spoken for; null when the credential acts for itself. */
  subject: string | null;
  user: UserPolicy | undefined;
  rules: ChannelRules | undefined;
  role: RolePolicy | undefined;
  /** The role of the user's record where it is another one than the credential's. */
  userRoleName: string | undefined;
  userRole: RolePolicy | undefined;
}

export interface Finding {
  passed: boolean;
  code: DenialCode;
  because: RuleSource;
  message: string;
}

export interface Check {
  name: string;
  /** Allocates nothing: the hot path asks this. */
  refuses(facts: Facts): boolean;
  /** Null when there is nothing to look at. */
  finding(facts: Facts): Finding | null;
}

export function gather(snapshot: PolicySnapshot, principal: Principal, request: AccessRequest): Facts {
  const subject = request.userId ?? principal.boundUserId;
  const user = subject === null ? undefined : snapshot.users.get(subject);
  const userRoleName = user?.role === principal.role ? undefined : user?.role;
  return {
    snapshot,
    principal,
    request,
    subject,
    user,
    rules: snapshot.channels.get(request.channel),
    role: snapshot.roles.get(principal.role),
    userRoleName,
    userRole: userRoleName === undefined ? undefined : snapshot.roles.get(userRoleName),
  };
}

/** Blocks hold even where authorization is switched off: whoever wrote one meant it. */
export const checksOf = (snapshot: PolicySnapshot): readonly Check[] => (snapshot.enabled ? ALL : STANDING);

interface Rule<Target> {
  name: string;
  code: DenialCode;
  /** What the check looks at; undefined = there is no such thing, and the check is not made. */
  at(facts: Facts): Target | undefined;
  holds(target: Target, facts: Facts): boolean;
  because(target: Target, facts: Facts): RuleSource;
  yes(target: Target, facts: Facts): string;
  no(target: Target, facts: Facts): string;
}

function check<Target>(rule: Rule<Target>): Check {
  return {
    name: rule.name,
    refuses(facts) {
      const target = rule.at(facts);
      return target !== undefined && !rule.holds(target, facts);
    },
    finding(facts) {
      const target = rule.at(facts);
      if (target === undefined) {
        return null;
      }
      const passed = rule.holds(target, facts);
      const message = passed ? rule.yes(target, facts) : rule.no(target, facts);
      return { passed, code: rule.code, because: rule.because(target, facts), message };
    },
  };
}

const covers = (list: readonly string[], name: string): boolean => list.includes("*") || list.includes(name);
const named = (list: readonly string[]): string => list.join(", ") || "none";
const person = ({ subject, principal }: Facts): string =>
  subject === null ? `role "${principal.role}"` : `user "${subject}"`;

const STANDING: readonly Check[] = [
  check<string>({
    name: "user of the token",
    code: "user_mismatch",
    at: ({ principal }) => principal.boundUserId ?? undefined,
    holds: (bound, { request }) => request.userId === null || request.userId === bound,
    because: (_, { principal }) => principal.id,
    yes: (bound) => `This token speaks for user "${bound}".`,
    no: (bound) => `This token speaks for user "${bound}" only. Leave "user" out or use that id.`,
  }),
  check<ChannelRules>({
    name: "users blocked on the channel",
    code: "user_blocked",
    at: ({ rules, subject }) => (subject === null ? undefined : rules),
    holds: (rules, { subject }) => subject === null || !covers(rules.blockedUsers, subject),
    because: (rules) => `${rules.source}.blockedUsers`,
    yes: (_, { subject, request }) => `User "${subject ?? ""}" is not blocked on channel "${request.channel}".`,
    no: (_, { subject, request }) => `User "${subject ?? ""}" is blocked on channel "${request.channel}".`,
  }),
  check<ChannelRules>({
    name: "commands blocked on the channel",
    code: "command_blocked",
    at: ({ rules }) => rules,
    holds: (rules, { request }) => !covers(rules.blockedCommands, request.command),
    because: (rules) => `${rules.source}.commands.blocked`,
    yes: (_, { request }) => `Command "${request.command}" is not blocked on channel "${request.channel}".`,
    no: (_, { request }) => `Command "${request.command}" is blocked on channel "${request.channel}".`,
  }),
];

/**
 * @param nameOf the name of the role to look at; undefined = none.
 * @param role what the policy knows of it.
 * @param namedBy where that name stands, for a role that does not exist.
 */
function roleChecks(
  whose: string,
  nameOf: (facts: Facts) => string | undefined,
  role: (facts: Facts) => RolePolicy | undefined,
  namedBy: (facts: Facts) => RuleSource,
): readonly Check[] {
  const title = (facts: Facts): string => `Role "${nameOf(facts) ?? ""}"`;
  return [
    check<string>({
      name: `role of the ${whose}`,
      code: "role_unknown",
      at: nameOf,
      holds: (_, facts) => role(facts) !== undefined,
      because: (_, facts) => role(facts)?.source ?? namedBy(facts),
      yes: (name) => `Role "${name}" exists.`,
      no: (name) => `Role "${name}" does not exist. Create it or assign another one.`,
    }),
    check({
      name: `channels of the ${whose}'s role`,
      code: "channel_not_in_role",
      at: role,
      holds: ({ channels }, { request }) => covers(channels, request.channel),
      because: ({ source }) => `${source}.channels`,
      yes: (_, facts) => `${title(facts)} may use channel "${facts.request.channel}".`,
      no: ({ channels }, facts) =>
        `${title(facts)} may not use channel "${facts.request.channel}" (it may use: ${named(channels)}).`,
    }),
    check({
      name: `commands of the ${whose}'s role`,
      code: "command_not_in_role",
      at: role,
      holds: ({ commands }, { request }) => covers(commands, request.command),
      because: ({ source }) => `${source}.commands`,
      yes: (_, facts) => `${title(facts)} may use command "${facts.request.command}".`,
      no: ({ commands }, facts) =>
        `${title(facts)} may not use command "${facts.request.command}" (it may use: ${named(commands)}).`,
    }),
    check({
      name: `permissions of the ${whose}'s role`,
      code: "permission_missing",
      at: role,
      holds: ({ permissions }, { request }) => can(permissions, request.permission),
      because: ({ source }) => `${source}.permissions`,
      yes: (_, facts) => `${title(facts)} has the permission "${facts.request.permission}".`,
      no: (_, facts) =>
        `${title(facts)} lacks the permission "${facts.request.permission}" that "${facts.request.command}" needs.`,
    }),
  ];
}

const GRANTS: readonly Check[] = [
  ...roleChecks(
    "credential",
    ({ principal }) => principal.role,
    ({ role }) => role,
    ({ principal }) => `role "${principal.role}"`,
  ),
  ...roleChecks(
    "user",
    ({ userRoleName }) => userRoleName,
    ({ userRole }) => userRole,
    ({ user }) => `${user?.source ?? "user"}.role`,
  ),
  check<readonly string[]>({
    name: "channels of the token",
    code: "channel_not_in_token",
    at: ({ principal }) => (principal.channels.length === 0 ? undefined : principal.channels),
    holds: (channels, { request }) => covers(channels, request.channel),
    because: (_, { principal }) => principal.id,
    yes: (_, { request }) => `This token may use channel "${request.channel}".`,
    no: (channels, { request }) =>
      `This token may not use channel "${request.channel}" (it may use: ${named(channels)}).`,
  }),
  check<readonly string[]>({
    name: "scopes of the token",
    code: "scope_missing",
    at: ({ principal }) => (principal.scopes.length === 0 ? undefined : principal.scopes),
    holds: (scopes, { request }) => can(scopes, request.permission),
    because: (_, { principal }) => principal.id,
    yes: (_, { request }) => `This token has the scope "${request.permission}".`,
    no: (_, { request }) => `This token lacks the scope "${request.permission}".`,
  }),
  check<readonly string[]>({
    name: "channels of the user",
    code: "channel_not_in_user",
    at: ({ user }) => user?.channels ?? undefined,
    holds: (channels, { request }) => covers(channels, request.channel),
    because: (_, { user }) => `${user?.source ?? "user"}.channels`,
    yes: (_, { subject, request }) => `User "${subject ?? ""}" may use channel "${request.channel}".`,
    no: (_, { subject, request }) => `User "${subject ?? ""}" may not use channel "${request.channel}".`,
  }),
  check<ChannelRules>({
    name: "people the channel admits",
    code: "user_not_allowed",
    at: ({ rules }) => rules,
    holds: admits,
    because: (rules, facts) =>
      `${rules.source}.${facts.subject !== null && !admitsByRole(rules, facts) ? "allowedUsers" : "allowedRoles"}`,
    yes: (_, facts) => `Channel "${facts.request.channel}" admits ${person(facts)}.`,
    no: (_, facts) => `Channel "${facts.request.channel}" does not admit ${person(facts)}.`,
  }),
  check<ChannelRules & { allowedCommands: readonly string[] }>({
    name: "commands the channel allows",
    code: "command_not_in_channel",
    at: ({ rules }) => (hasAllowedCommands(rules) ? rules : undefined),
    holds: ({ allowedCommands }, { request }) => covers(allowedCommands, request.command),
    because: ({ source }) => `${source}.commands.allowed`,
    yes: (_, { request }) => `Command "${request.command}" is allowed on channel "${request.channel}".`,
    no: (_, { request }) => `Command "${request.command}" is not allowed on channel "${request.channel}".`,
  }),
];

const ALL: readonly Check[] = [...STANDING, ...GRANTS];

function hasAllowedCommands(
  rules: ChannelRules | undefined,
): rules is ChannelRules & { allowedCommands: readonly string[] } {
  return rules !== undefined && rules.allowedCommands !== null;
}

function admits(rules: ChannelRules, facts: Facts): boolean {
  const isNamed = facts.subject !== null && covers(rules.allowedUsers, facts.subject);
  return isNamed || facts.principal.paired === true || admitsByRole(rules, facts);
}

/**
 * A person enters by their own role: that of their record, or of the token made for them alone. A bot's role opens no channel for the
 * strangers whose messages it carries; only `*` does.
 */
function admitsByRole({ allowedRoles }: ChannelRules, { subject, user, principal }: Facts): boolean {
  const role = user?.role ?? (subject === principal.boundUserId ? principal.role : null);
  return role === null ? allowedRoles.includes("*") : covers(allowedRoles, role);
}

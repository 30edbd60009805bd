/**
 * Random policies, and what they mean by set algebra over every request there can be. Written apart from `server/access`, on purpose in
 * another style: a policy is a list of forbidden sets, and what is in none of them is allowed.
 */
import fc from "fast-check";
import type { ConfiguredPolicy, StoredPolicy } from "#server/access/merge-policy.ts";
import type { Principal } from "#server/access/schema.ts";

export const CHANNELS = ["api", "whatsapp", "constructor"] as const;
/** `Ana` is not `ana`. */
export const USERS = ["ana", "Ana", "toString"] as const;
export const ROLES = ["user", "boss", "valueOf"] as const;
/** `config` is no command of the gateway: it is decided like one and then not found. */
export const COMMANDS = ["help", "ask", "run", "config"] as const;

/** Which commands a permission opens. */
const OPENED: Record<string, readonly string[]> = {
  "*": COMMANDS,
  read: ["help", "config"],
  write: ["ask", "run"],
  "status:read": ["help", "config"],
  "messages:*": ["ask"],
  "runs:create": ["run"],
  "runs:*": ["run"],
  "runs:": [],
  nonsense: [],
};

export interface Asked {
  channel: string;
  user: string | null;
  command: string;
}

export const SPACE: readonly Asked[] = CHANNELS.flatMap((channel) =>
  [null, ...USERS].flatMap((user) => COMMANDS.map((command) => ({ channel, user, command }))),
);

export interface RandomPolicy {
  enabled: boolean;
  stored: StoredPolicy;
  /** Sections that the file owns; their content is the same as the stored one. */
  inFile: { roles: boolean; users: boolean; channels: boolean };
}

const STAR: fc.Arbitrary<string[]> = fc.constant(["*"]);
const some = (...names: string[]): fc.Arbitrary<string[]> =>
  fc.oneof({ weight: 3, arbitrary: fc.subarray(names) }, { weight: 1, arbitrary: fc.constant(names) });
const orStar = (...names: string[]): fc.Arbitrary<string[]> =>
  fc.oneof({ weight: 2, arbitrary: some(...names) }, { weight: 1, arbitrary: STAR });
const perName = <T>(names: readonly string[], value: (name: string) => fc.Arbitrary<T>): fc.Arbitrary<T[]> =>
  fc
    .tuple(...names.map((name) => fc.option(value(name), { nil: null, freq: 5 })))
    .map((found) => found.filter((entry): entry is T => entry !== null));

const randomStored: fc.Arbitrary<StoredPolicy> = fc.record({
  roles: perName(ROLES, (name) =>
    fc.record({
      name: fc.constant(name),
      permissions: some(...Object.keys(OPENED)),
      channels: orStar(...CHANNELS),
      commands: orStar(...COMMANDS),
    }),
  ),
  users: perName(USERS, (id) =>
    fc.record({
      id: fc.constant(id),
      roleName: fc.constantFrom(...ROLES),
      channels: fc.option(orStar(...CHANNELS), { nil: null }),
      maxMessages: fc.constant(null),
      timeWindowMs: fc.constant(null),
    }),
  ),
  channels: perName(CHANNELS, (channel) =>
    fc.record({
      channel: fc.constant(channel),
      allowedUsers: orStar(...USERS),
      allowedRoles: orStar(...ROLES),
      blockedUsers: fc.oneof(
        { weight: 4, arbitrary: fc.subarray([...USERS], { maxLength: 1 }) },
        { weight: 1, arbitrary: STAR },
      ),
      allowedCommands: orStar(...COMMANDS),
      blockedCommands: fc.subarray([...COMMANDS], { maxLength: 1 }),
    }),
  ),
});

export const randomPolicy: fc.Arbitrary<RandomPolicy> = fc.record({
  enabled: fc.boolean().chain((first) => (first ? fc.constant(true) : fc.boolean())),
  stored: randomStored,
  inFile: fc.record({ roles: fc.boolean(), users: fc.boolean(), channels: fc.boolean() }),
});

export type Narrowing = Pick<Principal, "role" | "scopes" | "channels" | "boundUserId">;

export const randomPrincipal: fc.Arbitrary<Narrowing> = fc.record({
  role: fc.constantFrom(...ROLES),
  scopes: fc.oneof(fc.constant([]), some(...Object.keys(OPENED))),
  channels: fc.oneof(fc.constant([]), orStar(...CHANNELS)),
  boundUserId: fc.option(fc.constantFrom(...USERS), { nil: null }),
});

/** The same policy as the file and the database hold it, each its own sections; what the other holds must not count. */
export function sourcesOf({ enabled, stored, inFile }: RandomPolicy): {
  configured: ConfiguredPolicy;
  stored: StoredPolicy;
} {
  const table = <T>(entries: readonly (readonly [string, T])[]): Record<string, T> =>
    Object.assign(Object.create(null) as Record<string, T>, Object.fromEntries(entries));
  const roles = table(stored.roles.map(({ name, ...role }) => [name, role]));
  const users = table(
    stored.users.map(({ id, roleName, channels }) => [id, { role: roleName, channels: channels ?? undefined }]),
  );
  const channels = table(
    stored.channels.map(({ channel, allowedCommands, blockedCommands, ...people }) => [
      channel,
      { permissions: { ...people, commands: { allowed: allowedCommands, blocked: blockedCommands } } },
    ]),
  );
  const decoy = { name: "user", permissions: ["*"], channels: ["*"], commands: ["*"] };
  return {
    configured: {
      enabled,
      roles: inFile.roles ? roles : undefined,
      users: inFile.users ? users : undefined,
      channels: inFile.channels ? channels : undefined,
    },
    stored: {
      roles: inFile.roles ? [decoy] : stored.roles,
      users: inFile.users ? [] : stored.users,
      channels: inFile.channels ? [] : stored.channels,
    },
  };
}

type Region = ReadonlySet<Asked>;
const where = (holds: (asked: Asked) => boolean): Region => new Set(SPACE.filter(holds));
const EVERYTHING: Region = new Set(SPACE);
const both = (one: Region, other: Region): Region => where((asked) => one.has(asked) && other.has(asked));
const without = (one: Region, other: Region): Region => where((asked) => one.has(asked) && !other.has(asked));
const union = (one: Region, other: Region): Region => where((asked) => one.has(asked) || other.has(asked));
const on = (list: readonly string[], name: string | null): boolean =>
  name !== null && (list.some((entry) => entry === "*") || list.some((entry) => entry === name));

/** Each reason for a refusal with the requests it refuses; a request that no reason refuses is allowed. */
export function forbidden({ enabled, stored }: RandomPolicy, who: Narrowing): Map<string, Region> {
  const subjectOf = ({ user }: Asked): string | null => (user === null ? who.boundUserId : user);
  const reasons = new Map<string, Region>();
  const forbid = (reason: string, region: Region): void =>
    void reasons.set(reason, union(reasons.get(reason) ?? new Set(), region));

  forbid(
    "user_mismatch",
    where(({ user }) => who.boundUserId !== null && user !== null && user !== who.boundUserId),
  );
  for (const rules of stored.channels) {
    const here = where(({ channel }) => channel === rules.channel);
    forbid(
      "user_blocked",
      both(
        here,
        where((asked) => on(rules.blockedUsers, subjectOf(asked))),
      ),
    );
    forbid(
      "command_blocked",
      both(
        here,
        where(({ command }) => on(rules.blockedCommands, command)),
      ),
    );
  }
  if (!enabled) {
    return reasons;
  }

  const opened = (permissions: readonly string[]): Region =>
    where(({ command }) => permissions.some((entry) => OPENED[entry]?.includes(command) === true));
  const forbidBeyondRole = (name: string, region: Region): void => {
    const role = stored.roles.find((known) => known.name === name);
    if (role === undefined) {
      forbid("role_unknown", region);
      return;
    }
    forbid(
      "channel_not_in_role",
      without(
        region,
        where(({ channel }) => on(role.channels, channel)),
      ),
    );
    forbid(
      "command_not_in_role",
      without(
        region,
        where(({ command }) => on(role.commands, command)),
      ),
    );
    forbid("permission_missing", without(region, opened(role.permissions)));
  };
  forbidBeyondRole(who.role, EVERYTHING);
  for (const user of stored.users) {
    const theirs = where((asked) => subjectOf(asked) === user.id);
    forbidBeyondRole(user.roleName, theirs);
    if (user.channels !== null) {
      const { channels } = user;
      forbid(
        "channel_not_in_user",
        without(
          theirs,
          where(({ channel }) => on(channels, channel)),
        ),
      );
    }
  }
  if (who.channels.length > 0) {
    forbid(
      "channel_not_in_token",
      without(
        EVERYTHING,
        where(({ channel }) => on(who.channels, channel)),
      ),
    );
  }
  if (who.scopes.length > 0) {
    forbid("scope_missing", without(EVERYTHING, opened(who.scopes)));
  }

  const ownRole = (asked: Asked): string | null => {
    const record = stored.users.find(({ id }) => id === subjectOf(asked));
    const vouched = asked.user === null || asked.user === who.boundUserId;
    return record?.roleName ?? (vouched ? who.role : null);
  };
  for (const rules of stored.channels) {
    const here = where(({ channel }) => channel === rules.channel);
    const byId = where((asked) => on(rules.allowedUsers, subjectOf(asked)));
    const byRole = where((asked) => rules.allowedRoles.includes("*") || on(rules.allowedRoles, ownRole(asked)));
    forbid("user_not_allowed", without(here, union(byId, byRole)));
    forbid(
      "command_not_in_channel",
      without(
        here,
        where(({ command }) => on(rules.allowedCommands, command)),
      ),
    );
  }
  return reasons;
}

/** One policy out of two sources: a section written in the configuration file is owned by it, an absent one by the database. Pure. */
import { formatPath } from "#server/config/index.ts";
import type { ModelAccess } from "#server/models/policy.ts";
import type { ChannelRules, PolicySnapshot, RolePolicy, UserPolicy } from "#server/access/schema.ts";

interface ConfiguredRole {
  permissions: readonly string[];
  channels: readonly string[];
  commands: readonly string[];
}

interface ConfiguredUser {
  role: string;
  channels?: readonly string[] | undefined;
  restrictions?: { maxMessages: number; timeWindow: number } | undefined;
  memberId?: string | undefined;
}

interface ConfiguredChannel {
  permissions?:
    | {
        allowedUsers?: readonly string[] | undefined;
        allowedRoles?: readonly string[] | undefined;
        blockedUsers?: readonly string[] | undefined;
        commands?: { allowed?: readonly string[] | undefined; blocked?: readonly string[] | undefined } | undefined;
      }
    | undefined;
}

/** The policy sections of the file; undefined = not written there, so the database's rows hold. */
export interface ConfiguredPolicy {
  enabled: boolean;
  roles: Readonly<Record<string, ConfiguredRole>> | undefined;
  users: Readonly<Record<string, ConfiguredUser>> | undefined;
  channels: Readonly<Record<string, ConfiguredChannel>> | undefined;
  /** Of the file alone: the database keeps none. */
  modelAccess?: ModelAccess;
}

export interface StoredPolicy {
  roles: readonly { name: string; permissions: string[]; channels: string[]; commands: string[] }[];
  users: readonly {
    id: string;
    roleName: string;
    /** Null: the role's own; an empty list means none at all. */
    channels: string[] | null;
    maxMessages: number | null;
    timeWindowMs: number | null;
    memberId?: string | null;
  }[];
  channels: readonly {
    channel: string;
    allowedUsers: string[];
    allowedRoles: string[];
    blockedUsers: string[];
    allowedCommands: string[];
    blockedCommands: string[];
  }[];
}

export function mergePolicy(configured: ConfiguredPolicy, stored: StoredPolicy): PolicySnapshot {
  return {
    enabled: configured.enabled,
    roles: configured.roles === undefined ? storedRoles(stored) : configuredRoles(configured.roles),
    users: configured.users === undefined ? storedUsers(stored) : configuredUsers(configured.users),
    channels: configured.channels === undefined ? storedChannels(stored) : configuredChannels(configured.channels),
    modelAccess: configured.modelAccess,
  };
}

function configuredRoles(roles: NonNullable<ConfiguredPolicy["roles"]>): Map<string, RolePolicy> {
  const named = Object.entries(roles).map(([name, role]): [string, RolePolicy] => {
    const { permissions, channels, commands } = role;
    return [
      name,
      { permissions, channels, commands, source: formatPath(["security", "authorization", "roles", name]) },
    ];
  });
  return new Map(named);
}

function storedRoles(stored: StoredPolicy): Map<string, RolePolicy> {
  const named = stored.roles.map(({ name, permissions, channels, commands }): [string, RolePolicy] => [
    name,
    { permissions, channels, commands, source: `role "${name}"` },
  ]);
  return new Map(named);
}

function configuredUsers(users: NonNullable<ConfiguredPolicy["users"]>): Map<string, UserPolicy> {
  const named = Object.entries(users).map(([id, user]): [string, UserPolicy] => [
    id,
    {
      role: user.role,
      channels: user.channels ?? null,
      restrictions:
        user.restrictions === undefined
          ? null
          : { maxMessages: user.restrictions.maxMessages, timeWindowMs: user.restrictions.timeWindow },
      memberId: user.memberId ?? null,
      source: formatPath(["security", "authorization", "users", id]),
    },
  ]);
  return new Map(named);
}

function storedUsers(stored: StoredPolicy): Map<string, UserPolicy> {
  const named = stored.users.map((user): [string, UserPolicy] => [
    user.id,
    {
      role: user.roleName,
      channels: user.channels,
      restrictions:
        user.maxMessages === null || user.timeWindowMs === null
          ? null
          : { maxMessages: user.maxMessages, timeWindowMs: user.timeWindowMs },
      memberId: user.memberId ?? null,
      source: `user "${user.id}"`,
    },
  ]);
  return new Map(named);
}

/** A section that says nothing of who may come in admits nobody. */
function configuredChannels(channels: NonNullable<ConfiguredPolicy["channels"]>): Map<string, ChannelRules> {
  const named = Object.entries(channels).map(([channel, { permissions }]): [string, ChannelRules] => [
    channel,
    {
      allowedUsers: permissions?.allowedUsers ?? [],
      allowedRoles: permissions?.allowedRoles ?? [],
      blockedUsers: permissions?.blockedUsers ?? [],
      allowedCommands: permissions?.commands?.allowed ?? null,
      blockedCommands: permissions?.commands?.blocked ?? [],
      source: formatPath(["channels", channel, "permissions"]),
    },
  ]);
  return new Map(named);
}

/** Stored lists are never absent: everybody is written `*` there, and an empty list admits nobody. */
function storedChannels(stored: StoredPolicy): Map<string, ChannelRules> {
  const named = stored.channels.map(({ channel, ...rules }): [string, ChannelRules] => [
    channel,
    { ...rules, source: `channel "${channel}"` },
  ]);
  return new Map(named);
}

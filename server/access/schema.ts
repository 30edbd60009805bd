/** Words of the access policy: principals, roles, users, channels, decisions. Browser-safe. */
import { z } from "zod";

/** Names that appear in policies and messages. Immutable platform ids are allowed; control characters and blanks are not. */
export const SubjectId = z
  .string()
  .min(1)
  .max(200)
  .regex(/^[\p{L}\p{N}][\p{L}\p{N}._:@+-]*$/u, "letters, digits and . _ : @ + - only, starting with a letter or digit");
export const ChannelName = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[a-z0-9][a-z0-9_-]*$/, "lower-case letters, digits, _ and - only");
export const RoleName = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[A-Za-z0-9][A-Za-z0-9_-]*$/, "letters, digits, _ and - only");

/** Where a rule stands: a configuration path, or a database record. Shown as `because` in every decision. */
export type RuleSource = string;

export interface RolePolicy {
  permissions: readonly string[];
  channels: readonly string[];
  commands: readonly string[];
  source: RuleSource;
}

export interface UserPolicy {
  role: string;
  /** Null: the role's own channels. */
  channels: readonly string[] | null;
  restrictions: { maxMessages: number; timeWindowMs: number } | null;
  source: RuleSource;
}

/** Null lists restrict nothing; an empty list lets nobody through. */
export interface ChannelRules {
  allowedUsers: readonly string[] | null;
  allowedRoles: readonly string[] | null;
  blockedUsers: readonly string[];
  allowedCommands: readonly string[] | null;
  blockedCommands: readonly string[];
  source: RuleSource;
}

/** Everything `decide` reads; immutable, replaced as a whole. */
export interface PolicySnapshot {
  enabled: boolean;
  roles: ReadonlyMap<string, RolePolicy>;
  users: ReadonlyMap<string, UserPolicy>;
  channels: ReadonlyMap<string, ChannelRules>;
}

/** Who is asking, after authentication. */
export interface Principal {
  /** Stable id for limits, idempotency and the record: `token:<id>` or `config:gateway.token`. */
  id: string;
  kind: "token" | "config-token";
  tokenId: string | null;
  /** Display name of the credential. */
  name: string;
  role: string;
  /** Permissions the credential keeps of its role's; empty = all of them. */
  scopes: readonly string[];
  /** Channels the credential may use; empty = the role's. */
  channels: readonly string[];
  /** The end user the credential speaks for; null = it names its users itself. */
  boundUserId: string | null;
}

export interface AccessRequest {
  channel: string;
  command: string;
  /** Permission the command needs, from the command registry. */
  permission: string;
  /** The end user; null when the credential acts for itself. */
  userId: string | null;
}

export type DenialCode =
  | "role_unknown"
  | "user_mismatch"
  | "user_blocked"
  | "user_not_allowed"
  | "channel_not_in_role"
  | "channel_not_in_token"
  | "channel_not_in_user"
  | "command_blocked"
  | "command_not_in_role"
  | "command_not_in_channel"
  | "permission_missing"
  | "scope_missing";

export type Decision =
  | { allow: true; code: "allowed" | "authorization_disabled"; because: RuleSource; role: string }
  | { allow: false; code: DenialCode; because: RuleSource; role: string; message: string };

/** Words of the access policy: principals, roles, users, channels, decisions. Browser-safe. */
import { z } from "zod";
import type { ModelAccess } from "#server/models/policy.ts";

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

/** Commands as they are typed, without the slash; the grammar of messages makes them lower case. */
export const CommandName = z
  .string()
  .regex(/^\/?[A-Za-z][A-Za-z0-9_-]{0,31}$/, "a letter, then letters, digits, _ and - only, at most 32")
  .transform((written) => written.replace("/", "").toLowerCase());

const orEvery = <Name extends z.ZodType<string, string>>(name: Name) =>
  z.array(z.union([name, z.literal("*")], { error: '"*", or a name of that kind' })).max(1000);

/** Changes of a role; what is left out stays as it is, or is empty in a new one. */
export const RoleEdit = z.strictObject({
  name: RoleName,
  permissions: z.array(z.string().min(1).max(64)).max(200).optional(),
  channels: orEvery(ChannelName).optional(),
  commands: orEvery(CommandName).optional(),
});
export type RoleEdit = z.input<typeof RoleEdit>;

/** Changes of a user's record; null takes a narrowing away. */
export const UserEdit = z.strictObject({
  id: SubjectId,
  /** Needed for a new record. */
  role: RoleName.optional(),
  /** Null: the role's own channels; an empty list: none. */
  channels: orEvery(ChannelName).nullable().optional(),
  restriction: z
    .strictObject({
      maxMessages: z.int().min(1).max(1_000_000_000),
      timeWindowMs: z
        .int()
        .min(1000)
        .max(365 * 86_400_000),
    })
    .nullable()
    .optional(),
  /** The console member this person is, by id or e-mail address; null = none. Nobody approves a run that they asked for as the other. */
  memberId: z.string().trim().min(1).max(254).nullable().optional(),
});
export type UserEdit = z.input<typeof UserEdit>;

/** Changes of a channel's rules; in a new one every command is allowed and nobody is let in until named. */
export const ChannelEdit = z.strictObject({
  channel: ChannelName,
  allowedUsers: orEvery(SubjectId).optional(),
  allowedRoles: orEvery(RoleName).optional(),
  blockedUsers: orEvery(SubjectId).optional(),
  allowedCommands: orEvery(CommandName).optional(),
  blockedCommands: orEvery(CommandName).optional(),
});
export type ChannelEdit = z.input<typeof ChannelEdit>;

/** A question to the policy. Names that nothing bears are answered, not refused. */
export const ExplainRequest = z
  .strictObject({
    user: SubjectId.optional().describe("The end user whose message it is. Leave out for the credential itself."),
    channel: ChannelName.default("api").describe("Where the message comes from."),
    command: CommandName.describe("Such as `ask`; plain text is `ask`, code is `run`."),
    token: z.string().min(1).max(64).optional().describe("Id of the token that sends it; default: the asking one."),
    role: z.string().min(1).max(128).optional().describe("Role of an imagined sender, instead of a token."),
  })
  .refine(({ token, role }) => token === undefined || role === undefined, {
    path: ["role"],
    message: "name a token or a role, not both",
  })
  .describe("Would the gateway let this through, and why?");
export type ExplainRequest = z.output<typeof ExplainRequest>;

/** Fingerprint of a record as its editor saw it; null = there was none. */
export const Seen = z
  .string()
  .regex(/^[0-9a-f]{32}$/)
  .nullable();

/** Where a section that the configuration file owns is written; null = it is kept in the database. */
export const Provisioned = z.object({ file: z.string(), path: z.string() }).nullable();

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
  /** The console member this person is; absent or null = none is named. */
  memberId?: string | null;
  source: RuleSource;
}

/** An empty allow list lets nobody through; who is on neither list of people stays outside. */
export interface ChannelRules {
  allowedUsers: readonly string[];
  allowedRoles: readonly string[];
  blockedUsers: readonly string[];
  /** Null: every command the role has. */
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
  /** `models.access` of the configuration: which models a role may call, and so what giving the role gives; absent = every role every model. */
  modelAccess?: ModelAccess;
}

/** Who is asking, after authentication. */
export interface Principal {
  /** Stable id for limits, runs and idempotency: `token:<family id>`, `config:gateway.token` or `channel:<name>`. Survives rotation. */
  id: string;
  kind: "token" | "config-token" | "channel";
  tokenId: string | null;
  /** Who answers for the credential. */
  ownerId: string;
  /** Display name of the credential. */
  name: string;
  role: string;
  /** Permissions the credential keeps of its role's; empty = all of them. */
  scopes: readonly string[];
  /** Channels the credential may use; empty = the role's. */
  channels: readonly string[];
  /** The end user the credential speaks for; null = it names its users itself. */
  boundUserId: string | null;
  /** A sender whose pairing was approved and who writes directly to the bot: admitted there, whatever the channel's lists of people say. */
  paired?: boolean;
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

/** One look at one rule. Checks that had nothing to look at (no user record, no rules for the channel) are not listed. */
export interface TraceEntry {
  check: string;
  passed: boolean;
  because: RuleSource;
  message: string;
}

/** What remains of a credential's rights after its role, its own limits, its user's record and the channel's rules. */
export interface EffectiveGrant {
  permissions: string[];
  /** `*` = every channel. */
  channels: string[];
  /** Commands that exist and may be given on the channel asked about. */
  commands: string[];
}

export interface Explanation {
  decision: Decision;
  /** In the order in which the live gate looks; it stops at the first that did not pass. */
  trace: TraceEntry[];
  effective: EffectiveGrant;
}

/** Tokens as the console asks for them and gets them: moments are dates, and lists carry the server's time. */
import { z } from "zod";
import { RoleName, SubjectId } from "#server/access/schema.ts";
import { TOKEN_FILTERS } from "#server/tokens/policy.ts";
import { CreateToken, LONGEST_TOKEN_PAGE, RotateToken, TOKEN_STATES } from "#server/tokens/schema.ts";

/** Most tokens that one call may end. */
const MOST_AT_ONCE = 100;
const LONGEST_REASON = 200;

const TokenId = z.string().min(1).max(64);
const Reason = z.string().trim().min(1).max(LONGEST_REASON).optional();

export const ListInput = z.strictObject({
  search: z.string().max(200).optional(),
  state: z.enum(TOKEN_FILTERS).default("live"),
  owner: SubjectId.optional(),
  cursor: z.string().max(300).optional(),
  limit: z.number().int().min(1).max(LONGEST_TOKEN_PAGE).default(50),
});

export const ByIdInput = z.strictObject({ id: TokenId });
export const OwnerInput = z.strictObject({ owner: SubjectId.optional() });
/** Without an owner: the caller's own. */
export const CreateInput = CreateToken.extend({ ownerId: SubjectId.optional() });
export const RotateInput = RotateToken;
export const RevokeInput = z.strictObject({ id: TokenId, reason: Reason });
export const RevokeManyInput = z.strictObject({ ids: z.array(TokenId).min(1).max(MOST_AT_ONCE), reason: Reason });

const ConsoleToken = z.object({
  id: z.string(),
  name: z.string(),
  owner: z.string(),
  role: z.string(),
  user: z.string().nullable(),
  scopes: z.array(z.string()),
  channels: z.array(z.string()),
  allowedIps: z.array(z.string()),
  models: z.array(z.string()).nullable(),
  hint: z.string(),
  state: z.enum(TOKEN_STATES),
  createdAt: z.date(),
  expiresAt: z.date().nullable(),
  revokedAt: z.date().nullable(),
  lastUsedAt: z.date().nullable(),
  lastUsedAddress: z.string().nullable(),
  familyId: z.string(),
  successorId: z.string().nullable(),
  supersededAt: z.date().nullable(),
});

export const ConsoleTokenPage = z.object({
  /** Server time: ages are counted from it. */
  now: z.date(),
  tokens: z.array(ConsoleToken),
  nextCursor: z.string().nullable(),
});

export const ConsoleTokenDetails = z.object({
  now: z.date(),
  token: ConsoleToken,
  lifetimeMs: z.number().nullable(),
  revokedReason: z.string().nullable(),
  family: z.array(ConsoleToken),
  familySize: z.number(),
});

/** What the screen has to know beside the tokens themselves. */
export const TokenSettings = z.object({
  /** The caller, as an owner of tokens. */
  owner: z.string(),
  /** May see and change those of other owners, too. */
  anyOwner: z.boolean(),
  /** Milliseconds. */
  defaultLifetimeMs: z.number(),
  maxTokens: z.number(),
  /** The token of the configuration file; null when there is none or it is not the caller's to know. */
  configToken: z.object({ role: z.string() }).nullable(),
  /** Where the API answers. */
  gatewayUrl: z.string(),
});

export const GivableRoles = z.object({
  roles: z.array(z.object({ name: RoleName, permissions: z.array(z.string()), channels: z.array(z.string()) })),
  /** Names of channels the policy has rules for. */
  channels: z.array(z.string()),
  /** Names of models that are known here. */
  models: z.array(z.string()),
});

export const OwnerUsage = z.object({ owner: z.string(), live: z.number(), max: z.number() });

/** The only time the secret leaves the server. */
export const CreatedSecret = z.object({ id: z.string(), token: z.string(), expiresAt: z.date().nullable() });
export const RotatedSecret = CreatedSecret.extend({ replaces: z.string(), graceEndsAt: z.date() });

export const RevokedOne = z.object({ id: z.string(), revoked: z.boolean() });
export const RevokedFamily = z.object({ id: z.string(), revoked: z.array(z.string()) });
export const RevokedMany = z.object({
  revoked: z.array(z.string()),
  skipped: z.array(z.object({ id: z.string(), reason: z.enum(["revoked_before", "not_found"]) })),
});

export type ConsoleToken = z.infer<typeof ConsoleToken>;
export type ConsoleTokenDetails = z.infer<typeof ConsoleTokenDetails>;
export type TokenSettings = z.infer<typeof TokenSettings>;
export type GivableRoles = z.infer<typeof GivableRoles>;

/** Tokens as they are asked for and shown. Browser-safe; holds a secret only where a new one is handed over. */
import { z } from "zod";
import { ChannelName, RoleName, SubjectId } from "#server/access/schema.ts";
import { ModelPattern } from "#server/models/schema.ts";

const DAY_SECONDS = 86_400;
const LONGEST_LIFE_SECONDS = 10 * 365 * DAY_SECONDS;
/** A replaced token may go on working for at most this long (milliseconds). */
const LONGEST_GRACE_MS = 7 * DAY_SECONDS * 1000;
/** Most tokens on one page of the list. */
export const LONGEST_TOKEN_PAGE = 200;

/** Milliseconds to live; null = never expires. */
const LifetimeMs = z
  .number()
  .int()
  .min(1000)
  .max(LONGEST_LIFE_SECONDS * 1000)
  .nullable();

/** Milliseconds for which a replaced token goes on working. */
const GraceMs = z.number().int().min(0).max(LONGEST_GRACE_MS);

const Scopes = z.array(z.string().min(1).max(64)).max(50);
const Channels = z.array(z.union([ChannelName, z.literal("*")])).max(50);
const AllowedIps = z.array(z.string().min(2).max(64)).max(50);
/** Null = every model that its role may call; empty = none. */
const Models = z.array(ModelPattern).max(100).nullable();
const TokenName = z
  .string()
  .trim()
  .min(1)
  .max(100)
  .regex(/^[^\p{C}]+$/u, "printable characters only");

export const CreateToken = z.strictObject({
  name: TokenName,
  role: RoleName,
  /** Who answers for it; counted against `maxTokens`. */
  ownerId: SubjectId.default("operator"),
  /** The one end user it may speak for; absent = the minter's own, or it names its users itself. */
  userId: SubjectId.optional(),
  scopes: Scopes.default([]),
  channels: Channels.default([]),
  /** Absent = the minter's own. */
  allowedIps: AllowedIps.optional(),
  /** Absent = the minter's own. */
  models: Models.optional(),
  /** Absent = `gateway.tokenConfig.expiration`, but not beyond the minter's own end. */
  expiresInMs: LifetimeMs.optional(),
});
export type CreateToken = z.input<typeof CreateToken>;

export const RotateToken = z.strictObject({
  tokenId: z.string().min(1).max(64),
  graceMs: GraceMs,
  /** Absent = the length of life the token was made with. */
  expiresInMs: LifetimeMs.optional(),
});
export type RotateToken = z.input<typeof RotateToken>;

const ExpiresInSeconds = z.number().int().min(1).max(LONGEST_LIFE_SECONDS).nullable();

/** Body of `POST /api/v1/tokens`. */
export const TokenBody = z
  .strictObject({
    name: TokenName.describe("What the token is for."),
    role: RoleName.describe("Role whose rights it has."),
    owner: SubjectId.optional().describe("Who answers for it; default: the caller's own owner."),
    user: SubjectId.optional().describe("The one end user it speaks for; default: the caller's own, or any."),
    scopes: Scopes.default([]).describe("Permissions it keeps of its role's; empty = all of them."),
    channels: Channels.default([]).describe("Channels it may use; empty = the role's."),
    allowedIps: AllowedIps.optional().describe(
      "Addresses and CIDR ranges it may come from; default: the caller's own.",
    ),
    models: Models.optional().describe(
      "Models it may call of those its role may: `provider/model`, or beginnings with `*`; empty = none, null = all; default: the caller's own.",
    ),
    expiresInSeconds: ExpiresInSeconds.optional().describe(
      "Seconds to live, null = never expires; default: gateway.tokenConfig.expiration.",
    ),
  })
  .describe("A token to make");

/** Body of `POST /api/v1/tokens/{id}/rotate`. */
export const RotateBody = z
  .strictObject({
    graceSeconds: z
      .number()
      .int()
      .min(0)
      .max(LONGEST_GRACE_MS / 1000)
      .default(3600)
      .describe("Seconds for which the old token goes on working."),
    expiresInSeconds: ExpiresInSeconds.optional().describe(
      "Seconds the new token lives, null = never expires; default: as long as the old one was made for.",
    ),
  })
  .describe("How to replace a token");

/** Body of `POST /api/v1/tokens/rotate`: the caller's own token. */
export const RotateSelfBody = RotateBody.pick({ graceSeconds: true }).describe("How to replace the caller's own token");

/** Body of `POST /api/v1/tokens/refresh`. */
export const RefreshBody = z
  .strictObject({
    graceSeconds: z
      .number()
      .int()
      .min(0)
      .max(300)
      .default(30)
      .describe("Seconds for which the old token goes on working, for requests that are under way."),
  })
  .describe("How to exchange the caller's own token for a fresh one");

/** Value of the `Idempotency-Key` header of an exchange; long enough not to be guessed. */
export const ExchangeKey = z
  .string()
  .min(16)
  .max(128)
  .regex(/^[\x21-\x7e]+$/, "printable ASCII without blanks");

export const TokenListQuery = z.strictObject({
  all: z.stringbool().default(false).describe("Also those that have ended."),
  owner: SubjectId.optional().describe("Tokens of one owner; other owners need tokens:any_owner."),
  limit: z.coerce.number().int().min(1).max(LONGEST_TOKEN_PAGE).default(50),
  cursor: z.string().max(300).optional(),
});

/** `superseded`: replaced by another one and still valid for its grace. */
export const TOKEN_STATES = ["active", "superseded", "expired", "revoked"] as const;
export type TokenState = (typeof TOKEN_STATES)[number];

/** A token as people and programs may see it. */
export interface TokenSummary {
  id: string;
  name: string;
  owner: string;
  role: string;
  /** The one end user it speaks for. */
  user: string | null;
  scopes: string[];
  channels: string[];
  allowedIps: string[];
  /** Models it may call of those its role may; empty = none, null = all. */
  models: string[] | null;
  /** `ocg_<id>_…<last four>`: enough to recognise, useless to an attacker. */
  hint: string;
  state: TokenState;
  createdAt: Date;
  expiresAt: Date | null;
  revokedAt: Date | null;
  lastUsedAt: Date | null;
  lastUsedAddress: string | null;
  /** Id of the first token of the line; the same for all that came of it by rotation and refresh. */
  familyId: string;
  successorId: string | null;
  supersededAt: Date | null;
}

const Moment = z.iso.datetime();

/** `TokenSummary` on the wire. */
const TokenView = z
  .object({
    id: z.string(),
    name: z.string(),
    owner: z.string(),
    role: z.string(),
    user: z.string().nullable(),
    scopes: z.array(z.string()),
    channels: z.array(z.string()),
    allowedIps: z.array(z.string()),
    models: z
      .array(z.string())
      .nullable()
      .describe("Models it may call of those its role may; empty = none, null = all."),
    hint: z.string(),
    state: z.enum(TOKEN_STATES),
    createdAt: Moment,
    expiresAt: Moment.nullable(),
    revokedAt: Moment.nullable(),
    lastUsedAt: Moment.nullable(),
    lastUsedAddress: z.string().nullable(),
    familyId: z.string(),
    successorId: z.string().nullable(),
    supersededAt: Moment.nullable(),
  })
  .describe("A token, without its secret");

export const TokenPage = z.object({ tokens: z.array(TokenView), nextCursor: z.string().nullable() });

/** Answer that hands over a new token: the only time its secret leaves the server. */
export const IssuedToken = z.object({
  id: z.string(),
  token: z.string().describe("The secret. It is not shown again."),
  expiresAt: Moment.nullable(),
});

export const ReplacedToken = IssuedToken.extend({
  replaces: z.string().describe("Id of the token it takes the place of."),
  graceEndsAt: Moment.describe("Until then the replaced token works, too."),
});

export const RevokedToken = z.object({
  id: z.string(),
  revoked: z.boolean().describe("False: it was revoked before."),
});

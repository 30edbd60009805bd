/** Tokens as they are asked for and shown. Browser-safe; never holds a secret. */
import { z } from "zod";
import { ChannelName, RoleName, SubjectId } from "#server/access/schema.ts";

export const CreateToken = z.strictObject({
  name: z
    .string()
    .trim()
    .min(1)
    .max(100)
    .regex(/^[^\p{C}]+$/u, "printable characters only"),
  role: RoleName,
  /** Who answers for it; counted against `maxTokens`. */
  ownerId: SubjectId.default("operator"),
  /** The one end user it may speak for; absent = it names its users itself. */
  userId: SubjectId.optional(),
  scopes: z.array(z.string().min(1).max(64)).max(50).default([]),
  channels: z
    .array(z.union([ChannelName, z.literal("*")]))
    .max(50)
    .default([]),
  allowedIps: z.array(z.string().min(2).max(64)).max(50).default([]),
  /** Milliseconds to live; absent = `gateway.tokenConfig.expiration`; null = never expires. */
  expiresInMs: z
    .number()
    .int()
    .min(1000)
    .max(10 * 365 * 86_400_000)
    .nullable()
    .optional(),
});
export type CreateToken = z.input<typeof CreateToken>;

export type TokenState = "active" | "expired" | "revoked";

export interface TokenSummary {
  id: string;
  name: string;
  ownerId: string;
  role: string;
  userId: string | null;
  scopes: string[];
  channels: string[];
  allowedIps: string[];
  /** `ocg_<id>_…<last four>`: enough to recognise, useless to an attacker. */
  hint: string;
  createdAt: Date;
  expiresAt: Date | null;
  revokedAt: Date | null;
  lastUsedAt: Date | null;
  lastUsedAddress: string | null;
  state: TokenState;
}

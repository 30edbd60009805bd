/** Roles as the console shows and changes them. Browser-safe. */
import { z } from "zod";
import { Refused } from "#server/access/refusal-of.ts";
import { Provisioned, RoleEdit, RoleName, Seen } from "#server/access/schema.ts";

const RoleRow = z.object({
  name: z.string(),
  permissions: z.array(z.string()),
  channels: z.array(z.string()),
  commands: z.array(z.string()),
  /** Came with the product: it cannot be removed and keeps what it has to. */
  builtin: z.boolean(),
  updatedAt: z.date().nullable(),
  /** What an edit has to send back; null where the file owns the roles. */
  revision: z.string().nullable(),
  holders: z.object({ users: z.number(), tokens: z.number(), members: z.number() }),
});
export type RoleRow = z.infer<typeof RoleRow>;

export const RoleList = z.object({
  roles: z.array(RoleRow),
  provisioned: Provisioned,
  /** False: nothing but blocks is checked. */
  enabled: z.boolean(),
});

/** A whole role, with what its editor was shown before. */
export const SaveRole = RoleEdit.required().extend({ seen: Seen });
export const RoleDraft = RoleEdit.required();
export const NamedRole = z.strictObject({ name: RoleName });
export const DeleteRole = z.strictObject({ name: RoleName, seen: Seen.unwrap() });
export const SavedRole = z.object({ name: z.string(), revision: z.string().nullable() });

const Named = z.object({ count: z.number(), named: z.array(z.string()) });

export const RoleHolders = z.object({
  users: Named,
  tokens: z.object({ count: z.number(), named: z.array(z.object({ id: z.string(), name: z.string() })) }),
  members: Named,
});
export type RoleHolders = z.infer<typeof RoleHolders>;

const Changed = z.object({ gained: z.array(z.string()), lost: z.array(z.string()) });

export const RolePreview = z.object({
  /** Catalogue permissions, whatever entries they come from. */
  permissions: Changed,
  channels: Changed,
  commands: Changed,
  holders: RoleHolders,
  /** Live tokens whose own scopes and channels keep the change from them. */
  tokensUntouched: z.number(),
  /** The caller has this role. */
  own: z.boolean(),
  refused: Refused,
});
export type RolePreview = z.infer<typeof RolePreview>;

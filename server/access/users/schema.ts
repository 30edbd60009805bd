/** People of the gateway as the console shows and changes them. Browser-safe. */
import { z } from "zod";
import { Provisioned, RoleName, Seen, SubjectId, UserEdit } from "#server/access/schema.ts";

export const UserQuery = z.strictObject({
  /** Part of the id, in any case. */
  search: z.string().max(200).default(""),
  role: RoleName.optional(),
  /** The last id of the page before. */
  after: z.string().max(200).optional(),
  limit: z.int().min(1).max(100).default(50),
});

const UserRow = z.object({
  id: z.string(),
  role: z.string(),
  /** False: the record names a role that there is no more, so the user may do nothing. */
  roleExists: z.boolean(),
  /** Null: the role's own. */
  channels: z.array(z.string()).nullable(),
  restriction: z.object({ maxMessages: z.number(), timeWindowMs: z.number() }).nullable(),
  /** The console member this person is. */
  memberId: z.string().nullable(),
  /** What an edit has to send back; null where the file owns the users. */
  revision: z.string().nullable(),
});
export type UserRow = z.infer<typeof UserRow>;

export const UserPage = z.object({
  users: z.array(UserRow),
  /** `after` of the next page; null on the last one. */
  next: z.string().nullable(),
  /** Users that fit the search, and all there are. */
  found: z.number(),
  total: z.number(),
  roles: z.array(z.string()),
  provisioned: Provisioned,
});

export const NamedUser = z.strictObject({ id: SubjectId });
export const NamedUsers = z.strictObject({ ids: z.array(SubjectId).max(100) });

/** When each was last heard of, for those who ever were. */
export const UserActivity = z.object({
  now: z.date(),
  seen: z.array(z.object({ id: z.string(), at: z.date(), event: z.string() })),
});

export const UserDetail = z.object({
  /** Null: there is no record of that id. */
  user: UserRow.nullable(),
  /** Channels of the user's role. */
  roleChannels: z.array(z.string()),
  /** Live tokens that speak for this user alone. */
  tokens: z.number(),
  allowedOn: z.array(z.string()),
  blockedOn: z.array(z.string()),
});

export const SaveUser = UserEdit.required({ role: true, channels: true, restriction: true }).extend({ seen: Seen });
export const DeleteUser = z.strictObject({ id: SubjectId, seen: Seen.unwrap() });
export const SavedUser = z.object({ id: z.string(), revision: z.string().nullable() });

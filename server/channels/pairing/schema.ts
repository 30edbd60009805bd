/** Pairing as the console and the command line ask for it. Browser-safe. */
import { z } from "zod";
import { ChannelName, Provisioned, RoleName, SubjectId } from "#server/access/schema.ts";

/** A code as people write it: in any case, with blanks or dashes. What is none is a wrong code, not a bad form. */
const Code = z.string().min(1).max(64);
/** The platform's id of a sender; any text without control characters. */
const SenderId = z
  .string()
  .min(1)
  .max(200)
  .regex(/^\P{Cc}+$/u, "must hold no control characters");

export const ApprovePairing = z.strictObject({
  channel: ChannelName,
  code: Code,
  /** Who the sender is from now on. */
  userId: SubjectId,
  /** For a user who has no record yet; one who has keeps its own. */
  role: RoleName.optional(),
});
export type ApprovePairing = z.input<typeof ApprovePairing>;

/** By the code, or by the id that the list shows. */
export const RefusePairing = z.strictObject({ channel: ChannelName, request: z.string().min(1).max(64) });
export type RefusePairing = z.input<typeof RefusePairing>;

export const PairingQuery = z.strictObject({ channel: ChannelName.optional() });

const PairingRequest = z.object({
  id: z.string(),
  channel: z.string(),
  senderId: z.string(),
  /** A name to show, as the sender gave it: anybody's claim. */
  label: z.string().nullable(),
  createdAt: z.date(),
  expiresAt: z.date(),
});
export type PairingRequest = z.infer<typeof PairingRequest>;

export const PairingList = z.object({
  now: z.date(),
  /** Open ones, oldest first; the codes themselves are known to their senders only. */
  requests: z.array(PairingRequest),
  /** Roles the caller may give to a new user. */
  roles: z.array(z.string()),
  /** Where the file owns the users: then only existing ones can be paired. */
  provisioned: Provisioned,
});

export const Paired = z.object({ channel: z.string(), senderId: z.string(), userId: z.string(), role: z.string() });
export type Paired = z.infer<typeof Paired>;

export const RefusedPairing = z.object({ channel: z.string(), senderId: z.string() });

export const IdentityQuery = z.strictObject({
  channel: ChannelName.optional(),
  userId: SubjectId.optional(),
  /** `next` of the page before. */
  after: z.strictObject({ channel: ChannelName, senderId: SenderId }).optional(),
  limit: z.int().min(1).max(200).default(50),
});

const Identity = z.object({
  channel: z.string(),
  senderId: z.string(),
  userId: z.string(),
  label: z.string().nullable(),
  /** Who approved it, such as `member:mem_…` or `operator:cli`. */
  approvedBy: z.string(),
  createdAt: z.date(),
});
export type Identity = z.infer<typeof Identity>;

export const IdentityPage = z.object({
  identities: z.array(Identity),
  next: z.object({ channel: z.string(), senderId: z.string() }).nullable(),
});

export const RemoveIdentity = z.strictObject({ channel: ChannelName, senderId: SenderId });
export const RemovedIdentity = z.object({ channel: z.string(), senderId: z.string(), userId: z.string() });

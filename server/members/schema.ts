/** The people who may sign in to the console, as administrators see them. Browser-safe. */
import { z } from "zod";
import { RoleName } from "#server/access/schema.ts";
import { SessionSummary } from "#server/account/schema.ts";
import { EmailAddress, MemberName } from "#server/auth/schema.ts";

const MEMBER_STATES = ["active", "disabled"] as const;
const MemberIdText = z.string().min(1).max(64);

export const MemberQuery = z.strictObject({
  cursor: z.string().max(400).optional(),
  /** Which way the browser's paging goes; there is only one. */
  direction: z.literal("forward").optional(),
  /** Part of the address or the name. */
  q: z.string().trim().max(100).optional(),
  state: z.enum(MEMBER_STATES).optional(),
});
export type MemberQuery = z.infer<typeof MemberQuery>;

export const MemberSummary = z.object({
  id: z.string(),
  name: z.string(),
  email: z.string(),
  role: z.string(),
  /** False: no role of that name is in force, so the member may do nothing. */
  roleExists: z.boolean(),
  state: z.enum(MEMBER_STATES),
  /** What the member can prove besides the password. */
  secondFactors: z.array(z.enum(["totp", "passkey"])),
  createdAt: z.date(),
  lastSignInAt: z.date().nullable(),
  /** Live sessions. */
  sessions: z.number(),
});
export type MemberSummary = z.infer<typeof MemberSummary>;
export const MemberPage = z.object({ members: z.array(MemberSummary), nextCursor: z.string().nullable() });
export type MemberPage = z.infer<typeof MemberPage>;

export const MemberId = z.strictObject({ id: MemberIdText });
export const MemberDetails = MemberSummary.extend({
  recoveryCodesLeft: z.number(),
  sessionList: z.array(SessionSummary),
});
export type MemberDetails = z.infer<typeof MemberDetails>;

export const InviteMember = z.strictObject({ email: EmailAddress, role: RoleName, name: MemberName.optional() });
export type InviteMember = z.infer<typeof InviteMember>;
/** The link is shown once; it is handed over by whoever made it. */
export const InvitationLink = z.object({ id: z.string(), url: z.string(), expiresAt: z.date() });
export type InvitationLink = z.infer<typeof InvitationLink>;

export const OpenInvitation = z.object({
  id: z.string(),
  /** Null: the set-up link of the first administrator. */
  email: z.string().nullable(),
  name: z.string().nullable(),
  role: z.string(),
  /** `member`: makes one; `password`: gives an existing member a new password. */
  purpose: z.enum(["member", "password"]),
  createdBy: z.string(),
  createdAt: z.date(),
  expiresAt: z.date(),
});
export type OpenInvitation = z.infer<typeof OpenInvitation>;
export const OpenInvitations = z.object({ invitations: z.array(OpenInvitation) });

export const AssignableRole = z.object({
  name: z.string(),
  /** The caller holds all of it and so may give it. */
  isWithinReach: z.boolean(),
});
export type AssignableRole = z.infer<typeof AssignableRole>;
export const AssignableRoles = z.object({ roles: z.array(AssignableRole) });

export const InvitationId = z.strictObject({ id: MemberIdText });
export const SetMemberRole = z.strictObject({ id: MemberIdText, role: RoleName });
export const EndMemberSession = z.strictObject({ memberId: MemberIdText, sessionId: z.string().min(1).max(64) });
export const EndedSessions = z.object({ ended: z.number() });

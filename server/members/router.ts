/** tRPC adapter of the console's members. */
import { z } from "zod";
import {
  EndedSessions,
  EndMemberSession,
  InvitationId,
  InvitationLink,
  InviteMember,
  MemberDetails,
  MemberId,
  MemberPage,
  MemberQuery,
  OpenInvitations,
  SetMemberRole,
} from "#server/members/schema.ts";
import { AppError } from "#server/core/errors.ts";
import { withPermission } from "#server/trpc/procedures.ts";
import { router } from "#server/trpc/init.ts";

const reading = () => withPermission("members", "read");
const writing = () => withPermission("members", "write", { stepUp: true });

const notYet = (): never => {
  throw new AppError("NOT_CONFIGURED", "Members cannot sign in yet.");
};

export const membersRouter = router({
  list: reading().input(MemberQuery).output(MemberPage).query(notYet),
  byId: reading().input(MemberId).output(MemberDetails).query(notYet),
  invitations: reading().output(OpenInvitations).query(notYet),
  invite: writing().input(InviteMember).output(InvitationLink).mutation(notYet),
  revokeInvitation: writing().input(InvitationId).output(z.void()).mutation(notYet),
  setRole: writing().input(SetMemberRole).output(z.void()).mutation(notYet),
  disable: writing().input(MemberId).output(z.void()).mutation(notYet),
  enable: writing().input(MemberId).output(z.void()).mutation(notYet),
  resetFactors: writing().input(MemberId).output(z.void()).mutation(notYet),
  endSession: writing().input(EndMemberSession).output(z.void()).mutation(notYet),
  endSessions: writing().input(MemberId).output(EndedSessions).mutation(notYet),
});

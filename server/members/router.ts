/** tRPC adapter of the console's members. */
import { z } from "zod";
import { assignableRoles } from "#server/members/assignable-roles.ts";
import {
  AssignableRoles,
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
import { sessionGrantor } from "#server/trpc/grantor.ts";
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
  /** For choosing one: which roles there are, and which the caller may give. */
  roles: reading()
    .output(AssignableRoles)
    .query(({ ctx: { services, session } }) => {
      const policy = services.policy.current();
      return { roles: assignableRoles(policy, sessionGrantor(policy, session)) };
    }),
  invite: writing().input(InviteMember).output(InvitationLink).mutation(notYet),
  revokeInvitation: writing().input(InvitationId).output(z.void()).mutation(notYet),
  setRole: writing().input(SetMemberRole).output(z.void()).mutation(notYet),
  disable: writing().input(MemberId).output(z.void()).mutation(notYet),
  enable: writing().input(MemberId).output(z.void()).mutation(notYet),
  resetFactors: writing().input(MemberId).output(z.void()).mutation(notYet),
  endSession: writing().input(EndMemberSession).output(z.void()).mutation(notYet),
  endSessions: writing().input(MemberId).output(EndedSessions).mutation(notYet),
});

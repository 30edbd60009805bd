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
import {
  disableMember,
  enableMember,
  endMemberSession,
  endMemberSessions,
  resetFactors,
  setRole,
} from "#server/members/change.ts";
import { inviteMember, listInvitations, revokeInvitation } from "#server/members/invite.ts";
import { listMembers, memberDetails } from "#server/members/list.ts";
import type { Grantor } from "#server/access/index.ts";
import { sessionGrantor } from "#server/trpc/grantor.ts";
import { withPermission, type SignedIn } from "#server/trpc/procedures.ts";
import { router } from "#server/trpc/init.ts";

const reading = () => withPermission("members", "read");
const writing = () => withPermission("members", "write", { stepUp: true });

const grantorOf = ({ services, session }: SignedIn): Grantor => sessionGrantor(services.policy.current(), session);

export const membersRouter = router({
  list: reading()
    .input(MemberQuery)
    .output(MemberPage)
    .query(({ ctx, input }) => listMembers(ctx.services, input)),
  byId: reading()
    .input(MemberId)
    .output(MemberDetails)
    .query(({ ctx, input }) => memberDetails(ctx.services, input.id, ctx.session)),
  invitations: reading()
    .output(OpenInvitations)
    .query(async ({ ctx }) => ({ invitations: await listInvitations(ctx.services) })),
  /** For choosing one: which roles there are, and which the caller may give. */
  roles: reading()
    .output(AssignableRoles)
    .query(({ ctx }) => ({ roles: assignableRoles(ctx.services.policy.current(), grantorOf(ctx)) })),
  invite: writing()
    .input(InviteMember)
    .output(InvitationLink)
    .mutation(async ({ ctx, input }) => {
      const { path, ...link } = await inviteMember(ctx.services, grantorOf(ctx), input);
      return { ...link, url: `${ctx.services.web.canonical}${path}` };
    }),
  revokeInvitation: writing()
    .input(InvitationId)
    .output(z.void())
    .mutation(({ ctx, input }) => revokeInvitation(ctx.services, grantorOf(ctx), input.id)),
  setRole: writing()
    .input(SetMemberRole)
    .output(z.void())
    .mutation(({ ctx, input }) => setRole(ctx.services, grantorOf(ctx), input)),
  disable: writing()
    .input(MemberId)
    .output(z.void())
    .mutation(({ ctx, input }) => disableMember(ctx.services, grantorOf(ctx), input.id)),
  enable: writing()
    .input(MemberId)
    .output(z.void())
    .mutation(({ ctx, input }) => enableMember(ctx.services, grantorOf(ctx), input.id)),
  resetFactors: writing()
    .input(MemberId)
    .output(z.void())
    .mutation(({ ctx, input }) => resetFactors(ctx.services, grantorOf(ctx), input.id)),
  endSession: writing()
    .input(EndMemberSession)
    .output(z.void())
    .mutation(({ ctx, input }) => endMemberSession(ctx.services, grantorOf(ctx), input)),
  endSessions: writing()
    .input(MemberId)
    .output(EndedSessions)
    .mutation(({ ctx, input }) => endMemberSessions(ctx.services, grantorOf(ctx), input.id)),
});

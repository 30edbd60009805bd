/** What other domains and the command line may import of members. */
export { disableMember, enableMember, endMemberSessions, resetFactors } from "#server/members/change.ts";
export type { MemberDeps } from "#server/members/deps.ts";
export { inviteMember, linkForPassword } from "#server/members/invite.ts";
export { listMembers, memberByEmail } from "#server/members/list.ts";

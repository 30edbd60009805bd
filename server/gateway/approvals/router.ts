/** tRPC adapter of approvals. */
import { decideApproval, listApprovals, readApproval } from "#server/approvals/index.ts";
import { ApprovalDetail, ApprovalList, ApprovalOf, ApprovalQuery, DecideApproval } from "#server/approvals/schema.ts";
import { router } from "#server/trpc/init.ts";
import { withPermission } from "#server/trpc/procedures.ts";

export const approvalsRouter = router({
  list: withPermission("runs", "approve")
    .input(ApprovalQuery)
    .output(ApprovalList)
    .query(async ({ ctx: { services }, input: { state } }) => ({
      now: new Date(services.clock.now()),
      approvals: await listApprovals(services, state),
    })),
  detail: withPermission("runs", "approve")
    .input(ApprovalOf)
    .output(ApprovalDetail)
    .query(({ ctx: { services }, input: { id } }) => readApproval(services, id)),
  decide: withPermission("runs", "approve", { stepUp: true })
    .input(DecideApproval)
    .output(ApprovalOf)
    .mutation(async ({ ctx: { services, session, origin }, input }) => {
      const { actor, memberId } = session;
      const identity = { userId: null, principalId: null, ownerId: null, boundUserId: null, memberId };
      const person = { identity, policy: services.policy.current() };
      await decideApproval(services, { actor, address: origin.address, person }, input);
      return { id: input.id };
    }),
});

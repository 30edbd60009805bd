/** What other domains, processes and the command line may import of approvals. */
export {
  approvalState,
  askApproval,
  expireApprovals,
  listApprovals,
  noApproval,
  readApproval,
  type ApprovalDeps,
} from "#server/approvals/approvals.ts";
export { openContent, type ApprovalContent } from "#server/approvals/content.ts";
export { decideApproval } from "#server/approvals/decide.ts";
export { identityOf, StoredPrincipal } from "#server/approvals/requester.ts";

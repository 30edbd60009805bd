/** What other domains, processes and the command line may import of approvals. */
export {
  approvalState,
  askApproval,
  decideApproval,
  expireApprovals,
  listApprovals,
  noApproval,
  readApproval,
  type ApprovalDeps,
} from "#server/approvals/approvals.ts";
export { openContent, type ApprovalContent } from "#server/approvals/content.ts";

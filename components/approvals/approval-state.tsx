import { StatusBadge, type Status } from "#components/ui/status-badge.tsx";
import type { ApprovalSummary } from "#server/approvals/schema.ts";

const MEANINGS: Record<ApprovalSummary["state"], { status: Status; label: string }> = {
  pending: { status: "waiting", label: "Waits" },
  approved: { status: "busy", label: "Approved" },
  started: { status: "ok", label: "Started" },
  refused: { status: "denied", label: "Refused" },
  expired: { status: "none", label: "Expired" },
  failed: { status: "failed", label: "Failed" },
};

export function ApprovalState({ state }: Pick<ApprovalSummary, "state">) {
  const { status, label } = MEANINGS[state];
  return <StatusBadge status={status}>{label}</StatusBadge>;
}

import { StatusBadge, type Status } from "#components/ui/status-badge.tsx";
import type { IncidentSeverity } from "#server/incidents/policy.ts";

const MEANINGS: Record<IncidentSeverity, { status: Status; label: string }> = {
  low: { status: "info", label: "Low" },
  medium: { status: "warning", label: "Medium" },
  high: { status: "denied", label: "High" },
  critical: { status: "failed", label: "Critical" },
};

export function SeverityBadge({ severity }: { severity: IncidentSeverity }) {
  const { status, label } = MEANINGS[severity];
  return <StatusBadge status={status}>{label}</StatusBadge>;
}

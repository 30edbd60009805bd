import { StatusBadge } from "#components/ui/status-badge.tsx";
import type { AnomalyView } from "#server/anomalies/schema.ts";

export function AnomalyState({ anomaly: { endedAt, acknowledged } }: { anomaly: AnomalyView }) {
  if (acknowledged !== null) {
    return <StatusBadge status="ok">{acknowledged.verdict === "expected" ? "Expected" : "Handled"}</StatusBadge>;
  }
  return endedAt === null ? (
    <StatusBadge status="warning">Going on</StatusBadge>
  ) : (
    <StatusBadge status="none">Over</StatusBadge>
  );
}

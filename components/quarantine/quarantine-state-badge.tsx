import { StatusBadge, type Status } from "#components/ui/status-badge.tsx";
import type { QuarantineView } from "#server/files/schema.ts";

const STATES: Record<QuarantineView["state"], { status: Status; text: string }> = {
  storing: { status: "busy", text: "Being taken in" },
  stored: { status: "warning", text: "In quarantine" },
  restored: { status: "info", text: "Restored" },
  deleted: { status: "stopped", text: "Deleted" },
  failed: { status: "failed", text: "Not taken in" },
};

export function QuarantineStateBadge({ state }: { state: QuarantineView["state"] }) {
  const { status, text } = STATES[state];
  return <StatusBadge status={status}>{text}</StatusBadge>;
}

import { StatusBadge, type Status } from "#components/ui/status-badge.tsx";
import type { DeliveryState as State } from "#server/channels/schema.ts";

const MEANINGS: Record<State, { status: Status; label: string }> = {
  accepted: { status: "waiting", label: "Accepted" },
  working: { status: "busy", label: "Working" },
  replying: { status: "busy", label: "Replying" },
  answered: { status: "ok", label: "Answered" },
  refused: { status: "denied", label: "Refused" },
  ignored: { status: "none", label: "Ignored" },
  failed: { status: "failed", label: "Failed" },
};

export const deliveryStateLabel = (state: State): string => MEANINGS[state].label;

export function DeliveryState({ state }: { state: State }) {
  const { status, label } = MEANINGS[state];
  return <StatusBadge status={status}>{label}</StatusBadge>;
}

import { StatusBadge, type Status } from "#components/ui/status-badge.tsx";
import type { ConsoleToken } from "#server/tokens/console-schema.ts";

const STATES: Readonly<Record<ConsoleToken["state"], { status: Status; text: string }>> = {
  active: { status: "ok", text: "Active" },
  superseded: { status: "ending", text: "In grace" },
  expired: { status: "stopped", text: "Expired" },
  revoked: { status: "failed", text: "Revoked" },
};

export function TokenStateBadge({ state }: { state: ConsoleToken["state"] }) {
  const { status, text } = STATES[state];
  return <StatusBadge status={status}>{text}</StatusBadge>;
}

/** Whether it still opens anything. */
export const isLive = ({ state }: Pick<ConsoleToken, "state">): boolean => state === "active" || state === "superseded";

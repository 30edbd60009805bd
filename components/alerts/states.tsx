import { StatusBadge, type Status } from "#components/ui/status-badge.tsx";
import type { AlertView, DeliveryView, PointView } from "#server/alerts/console-schema.ts";
import type { AlertSeverity } from "#server/alerts/policy.ts";
import type { Rule, Silence } from "#server/alerts/schema.ts";

const SEVERITIES: Record<AlertSeverity, { status: Status; label: string }> = {
  warn: { status: "warning", label: "Warning" },
  error: { status: "failed", label: "Error" },
  critical: { status: "failed", label: "Critical" },
};

export function SeverityBadge({ severity }: { severity: AlertSeverity }) {
  const { status, label } = SEVERITIES[severity];
  return <StatusBadge status={status}>{label}</StatusBadge>;
}

type Shown = Pick<AlertView, "state" | "silencedBy" | "acknowledgedAt">;

export function AlertState({ state, silencedBy, acknowledgedAt }: Shown) {
  switch (state) {
    case "pending":
      return <StatusBadge status="waiting">Pending</StatusBadge>;
    case "resolved":
      return <StatusBadge status="ok">Resolved</StatusBadge>;
    case "recovering":
      return <StatusBadge status="ending">Recovering</StatusBadge>;
    case "firing":
      if (silencedBy !== null) {
        return <StatusBadge status="stopped">Firing, silenced</StatusBadge>;
      }
      return <StatusBadge status="failed">{acknowledgedAt === null ? "Firing" : "Firing, acknowledged"}</StatusBadge>;
  }
}

export function RuleState({ paused, offBecause, firing, pending, health }: Rule) {
  if (paused) {
    return <StatusBadge status="stopped">Paused</StatusBadge>;
  }
  if (offBecause !== null) {
    return <StatusBadge status="none">Off by configuration</StatusBadge>;
  }
  if (firing > 0) {
    return <StatusBadge status="failed">{`Firing (${firing})`}</StatusBadge>;
  }
  if (health === "no_data") {
    return <StatusBadge status="warning">No data</StatusBadge>;
  }
  if (health === "failed") {
    return <StatusBadge status="failed">Failed</StatusBadge>;
  }
  return pending > 0 ? (
    <StatusBadge status="waiting">{`Pending (${pending})`}</StatusBadge>
  ) : (
    <StatusBadge status="ok">OK</StatusBadge>
  );
}

export function PointState({ enabled, disabledReason, problem }: PointView) {
  if (!enabled) {
    return (
      <StatusBadge status="stopped">{disabledReason === "gone" ? "Receiver is gone" : "Switched off"}</StatusBadge>
    );
  }
  return problem === null ? (
    <StatusBadge status="ok">Ready</StatusBadge>
  ) : (
    <StatusBadge status="failed">Not configured</StatusBadge>
  );
}

export function NotificationState({ state, attempts }: Pick<DeliveryView, "state" | "attempts">) {
  switch (state) {
    case "waiting":
      return <StatusBadge status="busy">{attempts === 0 ? "Waiting" : `Tried ${attempts}×`}</StatusBadge>;
    case "sent":
      return <StatusBadge status="ok">Sent</StatusBadge>;
    case "failed":
      return <StatusBadge status="failed">Failed</StatusBadge>;
  }
}

export function SilenceState({ state }: Pick<Silence, "state">) {
  switch (state) {
    case "planned":
      return <StatusBadge status="waiting">Planned</StatusBadge>;
    case "active":
      return <StatusBadge status="busy">Active</StatusBadge>;
    case "ended":
      return <StatusBadge status="none">Ended</StatusBadge>;
  }
}

import { StatusBadge, type Status } from "#components/ui/status-badge.tsx";

const BY_OUTCOME: Readonly<Record<string, Status>> = { ok: "ok", denied: "denied", failed: "failed" };

/** How it ended; what is grave says so too. */
export function OutcomeBadge({ outcome, severity }: { outcome: string; severity: string }) {
  const status = severity === "critical" ? "failed" : (BY_OUTCOME[outcome] ?? "none");
  return <StatusBadge status={status}>{severity === "critical" ? `${outcome}, critical` : outcome}</StatusBadge>;
}

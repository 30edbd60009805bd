/** One audit event as a line for people. Values are safe to print: control characters were escaped when the event was recorded. */
import { canonicalJson, type AuditEntry } from "#server/audit/index.ts";

/** Time, severity, event, outcome, who, then what else is known as `name=value`. */
export function formatEntry(entry: AuditEntry): string {
  const facts: [name: string, value: unknown][] = [
    ["user", entry.userId],
    ["channel", entry.channel],
    ["target", entry.target],
    ["reason", entry.reason],
    ["because", entry.because],
    ["address", entry.address],
    ["request", entry.requestId],
    ...Object.entries(entry.data),
  ];
  const columns = [
    entry.at,
    entry.severity.padEnd(8),
    entry.event.padEnd(24),
    entry.outcome.padEnd(6),
    `${entry.actorType}:${entry.actorId}`,
    ...facts.filter(([, value]) => value !== undefined).map(([name, value]) => `${name}=${plain(value)}`),
  ];
  return columns.join("  ");
}

function plain(value: unknown): string {
  return typeof value === "string" && /^[^\s"=]+$/.test(value) ? value : canonicalJson(value);
}

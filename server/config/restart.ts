/** Settings that the running processes have read once, at their start. Pure. */
import type { Path } from "#server/config/json5/value.ts";

const AT_START: readonly (readonly string[])[] = [
  ["gateway", "bind"],
  ["gateway", "port"],
  ["gateway", "tls", "enabled"],
  ["gateway", "tls", "terminatedByProxy"],
  ["logging", "audit", "file"],
  ["security", "encryption", "database", "iterations"],
  ["security", "storage", "logPath"],
  ["security", "storage", "logPermissions"],
  ["security", "storage", "logRetention"],
];

/** Whether a change at `path`, or of a section that holds such a setting, is taken up only by the next start. */
export function needsRestart(path: Path): boolean {
  return AT_START.some((setting) =>
    path.every((step, index) => setting[index] === undefined || setting[index] === step),
  );
}

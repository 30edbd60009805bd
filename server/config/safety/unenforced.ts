/**
 * Keys that are accepted and have no effect yet in this version.
 * Threat: a protection that someone wrote down and believes in, while nothing applies it. A warning tells; an entry goes when its feature
 * arrives.
 */
import type { Finding } from "#server/config/problems.ts";
import type { Path } from "#server/config/json5/value.ts";

/** Writing one of these gives a warning. */
const IGNORED: readonly (readonly string[])[] = [];

export function unenforcedFindings(isWritten: (path: Path) => boolean): Finding[] {
  return IGNORED.filter(isWritten).map((path) => ({
    severity: "warning",
    path,
    reason: "is accepted but not applied by this version",
    fix: "Do not rely on it yet.",
  }));
}

/** Whether the documentation has to say that a key has no effect yet. */
export function isUnenforced(path: readonly string[]): boolean {
  return IGNORED.some((prefix) => prefix.every((step, index) => step === path[index]));
}

/**
 * Keys that are accepted and have no effect yet in this version.
 * Threat: a protection that someone wrote down and believes in, while nothing applies it. Where that would leave the gateway more open
 * than the file says, the start is refused; elsewhere a warning tells. An entry goes when its feature arrives.
 */
import type { Finding } from "#server/config/problems.ts";
import type { Path } from "#server/config/json5/value.ts";
import type { Config } from "#server/config/schema.ts";

/** Protections: asking for one refuses the start. */
const REFUSED: readonly { path: readonly string[]; isAskedFor: (config: Config) => boolean }[] = [
  {
    path: ["security", "encryption", "messages", "enabled"],
    isAskedFor: ({ security }) => security.encryption.messages.enabled,
  },
];

/** Everything else: writing it gives a warning. */
const IGNORED: readonly (readonly string[])[] = [
  ["gateway", "tokenConfig", "refreshEnabled"],
  ["security", "keyRotation"],
  ["security", "fileSystem", "monitoring", "alertOnSuspicious"],
  ["security", "encryption"],
  ["security", "storage"],
  ["security", "monitoring"],
  ["logging", "audit", "retention"],
  ["logging", "audit", "compression"],
  ["logging", "audit", "encryption"],
  ["logging", "security", "level"],
  ["logging", "security", "includeStackTrace"],
  ["logging", "security", "alertOnFailures"],
];

export function unenforcedFindings(config: Config, isWritten: (path: Path) => boolean): Finding[] {
  return [
    ...REFUSED.filter(({ isAskedFor }) => isAskedFor(config)).map(({ path }) =>
      finding(
        "error",
        path,
        "asks for a protection that this version does not have yet",
        "Remove it and protect the gateway by other means.",
      ),
    ),
    ...IGNORED.filter(isWritten).map((path) =>
      finding("warning", path, "is accepted but not applied by this version", "Do not rely on it yet."),
    ),
  ];
}

/** Whether the documentation has to say that a key has no effect yet. */
export function isUnenforced(path: readonly string[]): boolean {
  return [...IGNORED, ...REFUSED.map((entry) => entry.path)].some((prefix) =>
    prefix.every((step, index) => step === path[index]),
  );
}

function finding(severity: Finding["severity"], path: Path, reason: string, fix: string): Finding {
  return { severity, path, reason, fix };
}

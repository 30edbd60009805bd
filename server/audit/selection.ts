/** Which kinds of event the configuration asks for (AUD-2, AUD-5). Pure. */
import type { AuditKind } from "#server/audit/schema.ts";

/** The part of the configuration's `logging` that decides. */
interface AuditSelection {
  audit: { enabled: boolean; events: readonly string[] };
  security: { events: readonly string[] };
}

/** Who signed in or failed to, and who changed what: an attacker who reaches the configuration must not be able to hide either. */
const ALWAYS: readonly AuditKind[] = ["authentication", "authentication_failure", "config_changes"];

/** The general kind that also covers a security kind, so that listing `authorization` brings its denials. */
const COVERED_BY: Partial<Record<AuditKind, AuditKind>> = { authorization_denied: "authorization" };

/** True when an event of `kind` belongs in the record under this configuration. */
export function isListed(kind: AuditKind, selection: AuditSelection): boolean {
  if (ALWAYS.includes(kind) || selection.security.events.includes(kind)) {
    return true;
  }
  const { enabled, events } = selection.audit;
  return enabled && events.includes(COVERED_BY[kind] ?? kind);
}

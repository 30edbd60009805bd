/** Which kinds of event the configuration asks for (AUD-2, AUD-5). Pure. */
import type { AuditKind } from "#server/audit/schema.ts";

interface AuditSelection {
  /** `logging.audit.enabled` */
  enabled: boolean;
  /** `logging.audit.events` */
  events: readonly string[];
  /** `logging.security.events` */
  securityEvents: readonly string[];
}

/** Who signed in or failed to, and who changed what: an attacker who reaches the configuration must not be able to hide either. */
const ALWAYS: readonly AuditKind[] = ["authentication", "authentication_failure", "config_changes"];

/** The general kind that also covers a security kind, so that listing `authorization` brings its denials. */
const COVERED_BY: Partial<Record<AuditKind, AuditKind>> = { authorization_denied: "authorization" };

/** True when an event of `kind` belongs in the record under this configuration. */
export function isListed(kind: AuditKind, selection: AuditSelection): boolean {
  if (ALWAYS.includes(kind) || selection.securityEvents.includes(kind)) {
    return true;
  }
  const general = COVERED_BY[kind] ?? kind;
  return selection.enabled && (selection.events.includes(kind) || selection.events.includes(general));
}

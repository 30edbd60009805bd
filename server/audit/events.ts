/** The event catalogue: every name the record can hold, with its stable code, the guide's kind and its severity. */
import type { AuditKind, AuditSeverity } from "#server/audit/schema.ts";

interface EventMeaning {
  /** Stable for SIEM rules; never reused. */
  code: string;
  kind: AuditKind;
  severity: AuditSeverity;
}

export const AUDIT_EVENTS = {
  "auth.token_rejected": { code: "OCA001W", kind: "authentication_failure", severity: "warn" },
  "auth.console_link_used": { code: "OCA002I", kind: "authentication", severity: "info" },
  "auth.console_link_rejected": { code: "OCA003W", kind: "authentication_failure", severity: "warn" },
  "auth.console_session_ended": { code: "OCA004I", kind: "authentication", severity: "info" },
  "auth.console_link_created": { code: "OCA005I", kind: "authentication", severity: "info" },
  "access.denied": { code: "OCZ001W", kind: "authorization_denied", severity: "warn" },
  "limit.exceeded": { code: "OCL001W", kind: "rate_limit_exceeded", severity: "warn" },
  "message.received": { code: "OCM001I", kind: "message_receive", severity: "info" },
  "message.replied": { code: "OCM002I", kind: "message_send", severity: "info" },
  "message.refused": { code: "OCM003W", kind: "errors", severity: "warn" },
  "token.created": { code: "OCT001I", kind: "config_changes", severity: "info" },
  "token.rotated": { code: "OCT002I", kind: "config_changes", severity: "info" },
  "token.revoked": { code: "OCT003I", kind: "config_changes", severity: "info" },
  "token.refused": { code: "OCT004W", kind: "authorization_denied", severity: "warn" },
  "config.loaded": { code: "OCC001I", kind: "config_changes", severity: "info" },
  "config.rejected": { code: "OCC002W", kind: "config_changes", severity: "warn" },
  "config.changed": { code: "OCC003I", kind: "config_changes", severity: "info" },
  "run.queued": { code: "OCR001I", kind: "agent_execution", severity: "info" },
  "run.started": { code: "OCR002I", kind: "agent_execution", severity: "info" },
  "run.ended": { code: "OCR003I", kind: "agent_execution", severity: "info" },
  "run.refused": { code: "OCR004W", kind: "agent_execution", severity: "warn" },
  "run.cancel_requested": { code: "OCR005I", kind: "agent_execution", severity: "info" },
  "run.requeued": { code: "OCR006W", kind: "agent_execution", severity: "warn" },
  "sandbox.orphan_removed": { code: "OCR007W", kind: "suspicious_activity", severity: "warn" },
  "sandbox.limit_hit": { code: "OCR008W", kind: "suspicious_activity", severity: "warn" },
  "system.started": { code: "OCS001I", kind: "config_changes", severity: "info" },
  "system.stopped": { code: "OCS002I", kind: "config_changes", severity: "info" },
  "system.error": { code: "OCS003E", kind: "errors", severity: "error" },
  "audit.batch_unreadable": { code: "OCU001C", kind: "suspicious_activity", severity: "critical" },
  "audit.event_unknown": { code: "OCU002E", kind: "suspicious_activity", severity: "error" },
} as const satisfies Record<string, EventMeaning>;

export type AuditEventName = keyof typeof AUDIT_EVENTS;

export function meaningOf(event: AuditEventName): EventMeaning {
  return AUDIT_EVENTS[event];
}

export function isAuditEvent(name: string): name is AuditEventName {
  return Object.hasOwn(AUDIT_EVENTS, name);
}

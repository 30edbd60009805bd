/**
 * The event catalogue: every name the record can hold, with its stable code, the guide's kind, its class and its severity. What each means and
 * which data it carries stands in `catalogue/`, which the browser never loads. Browser-safe.
 */
import type { AuditClass, AuditKind, AuditSeverity } from "#server/audit/schema.ts";

interface EventMeaning {
  /** Stable for SIEM rules; never reused. */
  code: string;
  kind: AuditKind;
  /** What sort of thing happened. Those of class `management` are of kinds that cannot be left out of the record. */
  class: AuditClass;
  severity: AuditSeverity;
}

export const AUDIT_EVENTS = {
  "auth.token_rejected": { code: "OCA001W", kind: "authentication_failure", class: "authentication", severity: "warn" },
  "auth.console_link_rejected": {
    code: "OCA003W",
    kind: "authentication_failure",
    class: "authentication",
    severity: "warn",
  },
  "auth.console_session_ended": { code: "OCA004I", kind: "authentication", class: "authentication", severity: "info" },
  "auth.console_link_created": { code: "OCA005I", kind: "authentication", class: "management", severity: "info" },
  "auth.session_rejected": {
    code: "OCA006W",
    kind: "authentication_failure",
    class: "authentication",
    severity: "warn",
  },
  "auth.signed_in": { code: "OCA009I", kind: "authentication", class: "authentication", severity: "info" },
  "auth.sign_in_failed": {
    code: "OCA010W",
    kind: "authentication_failure",
    class: "authentication",
    severity: "warn",
  },
  "auth.recovery_code_used": { code: "OCA011W", kind: "authentication", class: "authentication", severity: "warn" },
  "auth.stepped_up": { code: "OCA012I", kind: "authentication", class: "authentication", severity: "info" },
  "auth.step_up_failed": {
    code: "OCA013W",
    kind: "authentication_failure",
    class: "authentication",
    severity: "warn",
  },
  "auth.factor_added": { code: "OCA014I", kind: "config_changes", class: "management", severity: "info" },
  "auth.factor_removed": { code: "OCA015W", kind: "config_changes", class: "management", severity: "warn" },
  "auth.factor_refused": {
    code: "OCA016W",
    kind: "authentication_failure",
    class: "authentication",
    severity: "warn",
  },
  "auth.recovery_codes_made": { code: "OCA017I", kind: "config_changes", class: "management", severity: "info" },
  "auth.password_changed": { code: "OCA018I", kind: "config_changes", class: "management", severity: "info" },
  "member.invited": { code: "OCV001I", kind: "config_changes", class: "management", severity: "info" },
  "member.invitation_revoked": { code: "OCV002I", kind: "config_changes", class: "management", severity: "info" },
  "member.joined": { code: "OCV003I", kind: "config_changes", class: "management", severity: "info" },
  "member.changed": { code: "OCV004I", kind: "config_changes", class: "management", severity: "info" },
  "member.disabled": { code: "OCV005W", kind: "config_changes", class: "management", severity: "warn" },
  "member.enabled": { code: "OCV006I", kind: "config_changes", class: "management", severity: "info" },
  "member.factors_reset": { code: "OCV007W", kind: "config_changes", class: "management", severity: "warn" },
  "member.password_link_made": { code: "OCV008W", kind: "config_changes", class: "management", severity: "warn" },
  "websocket.opened": { code: "OCA007I", kind: "authentication", class: "authentication", severity: "info" },
  "websocket.closed": { code: "OCA008I", kind: "authentication", class: "authentication", severity: "info" },
  "network.origin_refused": { code: "OCN001W", kind: "authorization_denied", class: "authorization", severity: "warn" },
  "network.address_refused": {
    code: "OCN002W",
    kind: "authorization_denied",
    class: "authorization",
    severity: "warn",
  },
  "network.bad_request": { code: "OCN003W", kind: "suspicious_activity", class: "activity", severity: "warn" },
  "network.connections_exceeded": {
    code: "OCN004W",
    kind: "rate_limit_exceeded",
    class: "authorization",
    severity: "warn",
  },
  "network.tls_refused": { code: "OCN005W", kind: "authentication_failure", class: "authentication", severity: "warn" },
  "network.proxy_tls_override": { code: "OCN006W", kind: "config_changes", class: "management", severity: "warn" },
  "tls.reloaded": { code: "OCN007I", kind: "config_changes", class: "management", severity: "info" },
  "tls.reload_failed": { code: "OCN008E", kind: "errors", class: "system", severity: "error" },
  "tls.certificate_expiring": { code: "OCN009W", kind: "errors", class: "system", severity: "warn" },
  "access.denied": { code: "OCZ001W", kind: "authorization_denied", class: "authorization", severity: "warn" },
  "policy.explained": { code: "OCZ002I", kind: "authorization", class: "authorization", severity: "info" },
  "limit.exceeded": { code: "OCL001W", kind: "rate_limit_exceeded", class: "authorization", severity: "warn" },
  "limit.store_lost": { code: "OCL002E", kind: "errors", class: "system", severity: "error" },
  "limit.store_restored": { code: "OCL003I", kind: "errors", class: "system", severity: "info" },
  "limit.reset": { code: "OCL004W", kind: "config_changes", class: "management", severity: "warn" },
  "message.received": { code: "OCM001I", kind: "message_receive", class: "activity", severity: "info" },
  "message.replied": { code: "OCM002I", kind: "message_send", class: "activity", severity: "info" },
  "message.refused": { code: "OCM003W", kind: "errors", class: "activity", severity: "warn" },
  "token.created": { code: "OCT001I", kind: "config_changes", class: "management", severity: "info" },
  "token.rotated": { code: "OCT002I", kind: "config_changes", class: "management", severity: "info" },
  "token.revoked": { code: "OCT003I", kind: "config_changes", class: "management", severity: "info" },
  "token.refused": { code: "OCT004W", kind: "authorization_denied", class: "authorization", severity: "warn" },
  "token.refreshed": { code: "OCT005I", kind: "config_changes", class: "management", severity: "info" },
  "token.reuse_detected": {
    code: "OCT006C",
    kind: "suspicious_activity",
    class: "authentication",
    severity: "critical",
  },
  "config.loaded": { code: "OCC001I", kind: "config_changes", class: "management", severity: "info" },
  "config.rejected": { code: "OCC002W", kind: "config_changes", class: "management", severity: "warn" },
  "config.changed": { code: "OCC003I", kind: "config_changes", class: "management", severity: "info" },
  "role.changed": { code: "OCP001I", kind: "config_changes", class: "management", severity: "info" },
  "role.deleted": { code: "OCP002I", kind: "config_changes", class: "management", severity: "info" },
  "user.changed": { code: "OCP003I", kind: "config_changes", class: "management", severity: "info" },
  "user.deleted": { code: "OCP004I", kind: "config_changes", class: "management", severity: "info" },
  "channel.changed": { code: "OCP005I", kind: "config_changes", class: "management", severity: "info" },
  "channel.deleted": { code: "OCP006I", kind: "config_changes", class: "management", severity: "info" },
  "run.queued": { code: "OCR001I", kind: "agent_execution", class: "activity", severity: "info" },
  "run.started": { code: "OCR002I", kind: "agent_execution", class: "activity", severity: "info" },
  "run.ended": { code: "OCR003I", kind: "agent_execution", class: "activity", severity: "info" },
  "run.refused": { code: "OCR004W", kind: "agent_execution", class: "activity", severity: "warn" },
  "run.cancel_requested": { code: "OCR005I", kind: "agent_execution", class: "activity", severity: "info" },
  "run.requeued": { code: "OCR006W", kind: "agent_execution", class: "activity", severity: "warn" },
  "sandbox.orphan_removed": { code: "OCR007W", kind: "suspicious_activity", class: "system", severity: "warn" },
  "sandbox.limit_hit": { code: "OCR008W", kind: "suspicious_activity", class: "activity", severity: "warn" },
  "sandbox.escape_attempt": { code: "OCR009C", kind: "sandbox_escape", class: "activity", severity: "critical" },
  "sandbox.escape_suspected": { code: "OCR010W", kind: "suspicious_activity", class: "activity", severity: "warn" },
  "sandbox.container_drift": { code: "OCR011C", kind: "suspicious_activity", class: "system", severity: "critical" },
  "sandbox.foreign_action": { code: "OCR012C", kind: "suspicious_activity", class: "system", severity: "critical" },
  "model.called": { code: "OCG001I", kind: "agent_execution", class: "activity", severity: "info" },
  "model.refused": { code: "OCG002W", kind: "agent_execution", class: "activity", severity: "warn" },
  "run.call_refused": { code: "OCR013W", kind: "authorization_denied", class: "authorization", severity: "warn" },
  "egress.allowed": { code: "OCE001I", kind: "agent_execution", class: "activity", severity: "info" },
  "egress.refused": { code: "OCE002W", kind: "suspicious_activity", class: "activity", severity: "warn" },
  "file.accessed": { code: "OCF001I", kind: "file_access", class: "data_access", severity: "info" },
  "file.refused": { code: "OCF002W", kind: "file_access", class: "data_access", severity: "warn" },
  "file.suspicious": { code: "OCF003W", kind: "suspicious_activity", class: "data_access", severity: "warn" },
  "file.quarantined": { code: "OCF004W", kind: "suspicious_activity", class: "data_access", severity: "warn" },
  "file.quarantine_failed": { code: "OCF005E", kind: "errors", class: "data_access", severity: "error" },
  "file.restored": { code: "OCF006W", kind: "file_access", class: "data_access", severity: "warn" },
  "file.deleted": { code: "OCF007I", kind: "file_access", class: "data_access", severity: "info" },
  "system.started": { code: "OCS001I", kind: "config_changes", class: "system", severity: "info" },
  "system.stopped": { code: "OCS002I", kind: "config_changes", class: "system", severity: "info" },
  "system.error": { code: "OCS003E", kind: "errors", class: "system", severity: "error" },
  "audit.batch_unreadable": { code: "OCU001C", kind: "suspicious_activity", class: "system", severity: "critical" },
  "audit.event_unknown": { code: "OCU002E", kind: "suspicious_activity", class: "system", severity: "error" },
  "audit.records_removed": { code: "OCU003I", kind: "config_changes", class: "management", severity: "info" },
  "audit.integrity_failed": { code: "OCU004C", kind: "suspicious_activity", class: "system", severity: "critical" },
  "audit.exported": { code: "OCU005I", kind: "config_changes", class: "management", severity: "info" },
  "audit.read": { code: "OCU006I", kind: "file_access", class: "data_access", severity: "info" },
  "audit.anchor_failed": { code: "OCU007E", kind: "errors", class: "system", severity: "error" },
  "audit.file_removed": { code: "OCU008I", kind: "config_changes", class: "management", severity: "info" },
  "config.encrypted": { code: "OCC004I", kind: "config_changes", class: "management", severity: "info" },
  "config.decrypted": { code: "OCC005W", kind: "config_changes", class: "management", severity: "warn" },
  "config.applied": { code: "OCC006I", kind: "config_changes", class: "management", severity: "info" },
  "key.master_rotated": { code: "OCK001I", kind: "config_changes", class: "management", severity: "info" },
  "key.data_rotated": { code: "OCK002I", kind: "config_changes", class: "management", severity: "info" },
  "data.encrypted": { code: "OCD002I", kind: "config_changes", class: "management", severity: "info" },
  "data.unreadable": { code: "OCD001C", kind: "suspicious_activity", class: "system", severity: "critical" },
  "backup.created": { code: "OCB001I", kind: "config_changes", class: "management", severity: "info" },
  "backup.verified": { code: "OCB002I", kind: "config_changes", class: "management", severity: "info" },
  "backup.restored": { code: "OCB003W", kind: "config_changes", class: "management", severity: "warn" },
  "backup.removed": { code: "OCB004I", kind: "config_changes", class: "management", severity: "info" },
  "backup.failed": { code: "OCB005E", kind: "errors", class: "system", severity: "error" },
  "backup.requested": { code: "OCB006I", kind: "config_changes", class: "management", severity: "info" },
  "permissions.fixed": { code: "OCP007I", kind: "config_changes", class: "management", severity: "info" },
} as const satisfies Record<string, EventMeaning>;

export type AuditEventName = keyof typeof AUDIT_EVENTS;

export function meaningOf(event: AuditEventName): EventMeaning {
  return AUDIT_EVENTS[event];
}

export function isAuditEvent(name: string): name is AuditEventName {
  return Object.hasOwn(AUDIT_EVENTS, name);
}

/** Which class and activity of the Open Cybersecurity Schema Framework an event is. Pure. */
import type { AuditEventName } from "#server/audit/events.ts";
import type { AuditKind } from "#server/audit/schema.ts";

/** Classes by their uid; a class belongs to the category that its uid begins with. */
export const OCSF_CLASSES = {
  1001: { name: "File System Activity", category: "System Activity" },
  1007: { name: "Process Activity", category: "System Activity" },
  2004: { name: "Detection Finding", category: "Findings" },
  3001: { name: "Account Change", category: "Identity & Access Management" },
  3002: { name: "Authentication", category: "Identity & Access Management" },
  3003: { name: "Authorize Session", category: "Identity & Access Management" },
  3004: { name: "Entity Management", category: "Identity & Access Management" },
  3005: { name: "User Access Management", category: "Identity & Access Management" },
  4001: { name: "Network Activity", category: "Network Activity" },
  6002: { name: "Application Lifecycle", category: "Application Activity" },
  6003: { name: "API Activity", category: "Application Activity" },
  6008: { name: "Application Error", category: "Application Activity" },
} as const;

export type OcsfClass = keyof typeof OCSF_CLASSES;

interface OcsfPlace {
  uid: OcsfClass;
  /** Number and caption of the activity within the class; 99 is none of those it names. */
  activity: readonly [id: number, name: string];
}

const OTHER = [99, "Other"] as const;
const CREATE = [1, "Create"] as const;
const READ = [2, "Read"] as const;
const UPDATE = [3, "Update"] as const;
const DELETE = [4, "Delete"] as const;
const ASSIGN = [1, "Assign Privileges"] as const;
const REVOKE = [2, "Revoke Privileges"] as const;
const REFUSE = [5, "Refuse"] as const;

const BY_KIND: Record<AuditKind, OcsfPlace> = {
  authentication: { uid: 3002, activity: [1, "Logon"] },
  authentication_failure: { uid: 3002, activity: [1, "Logon"] },
  authorization: { uid: 3003, activity: OTHER },
  authorization_denied: { uid: 3003, activity: OTHER },
  config_changes: { uid: 3004, activity: UPDATE },
  message_send: { uid: 6003, activity: CREATE },
  message_receive: { uid: 6003, activity: CREATE },
  agent_execution: { uid: 1007, activity: OTHER },
  file_access: { uid: 1001, activity: READ },
  errors: { uid: 6008, activity: [1, "General Error"] },
  sandbox_escape: { uid: 2004, activity: CREATE },
  suspicious_activity: { uid: 2004, activity: CREATE },
  rate_limit_exceeded: { uid: 6003, activity: OTHER },
};

/** Where the kind is too coarse. */
const BY_EVENT: Partial<Record<AuditEventName, OcsfPlace>> = {
  "auth.console_session_ended": { uid: 3002, activity: [2, "Logoff"] },
  "auth.console_link_created": { uid: 3002, activity: [3, "Authentication Ticket"] },
  "auth.password_changed": { uid: 3001, activity: [3, "Password Change"] },
  "auth.factor_added": { uid: 3001, activity: [10, "MFA Factor Enable"] },
  "auth.factor_removed": { uid: 3001, activity: [11, "MFA Factor Disable"] },
  "member.joined": { uid: 3001, activity: CREATE },
  "member.enabled": { uid: 3001, activity: [2, "Enable"] },
  "member.disabled": { uid: 3001, activity: [5, "Disable"] },
  "member.factors_reset": { uid: 3001, activity: [11, "MFA Factor Disable"] },
  "member.password_link_made": { uid: 3001, activity: [4, "Password Reset"] },
  "websocket.closed": { uid: 3002, activity: [2, "Logoff"] },
  "network.address_refused": { uid: 4001, activity: REFUSE },
  "network.connections_exceeded": { uid: 4001, activity: REFUSE },
  "network.bad_request": { uid: 4001, activity: [4, "Fail"] },
  "policy.explained": { uid: 6003, activity: READ },
  "message.refused": { uid: 6003, activity: CREATE },
  "token.created": { uid: 3005, activity: ASSIGN },
  "token.rotated": { uid: 3005, activity: OTHER },
  "token.refreshed": { uid: 3005, activity: OTHER },
  "token.revoked": { uid: 3005, activity: REVOKE },
  "role.changed": { uid: 3005, activity: ASSIGN },
  "role.deleted": { uid: 3005, activity: REVOKE },
  "user.changed": { uid: 3005, activity: ASSIGN },
  "user.deleted": { uid: 3001, activity: [6, "Delete"] },
  "channel.deleted": { uid: 3004, activity: DELETE },
  "user.factor_added": { uid: 3001, activity: [10, "MFA Factor Enable"] },
  "user.factor_removed": { uid: 3001, activity: [11, "MFA Factor Disable"] },
  "channel.pairing_approved": { uid: 3005, activity: ASSIGN },
  "channel.identity_removed": { uid: 3005, activity: REVOKE },
  "run.started": { uid: 1007, activity: [1, "Launch"] },
  "run.ended": { uid: 1007, activity: [2, "Terminate"] },
  "run.call_refused": { uid: 6003, activity: OTHER },
  "model.accepted": { uid: 6003, activity: OTHER },
  "model.called": { uid: 6003, activity: OTHER },
  "model.refused": { uid: 6003, activity: OTHER },
  "egress.allowed": { uid: 4001, activity: [1, "Open"] },
  "egress.refused": { uid: 4001, activity: REFUSE },
  "file.restored": { uid: 1001, activity: CREATE },
  "file.deleted": { uid: 1001, activity: DELETE },
  "system.started": { uid: 6002, activity: [3, "Start"] },
  "system.stopped": { uid: 6002, activity: [4, "Stop"] },
  "audit.exported": { uid: 6003, activity: READ },
  "audit.read": { uid: 6003, activity: READ },
  "audit.records_removed": { uid: 6003, activity: DELETE },
  "audit.file_removed": { uid: 6003, activity: DELETE },
  "backup.created": { uid: 6003, activity: CREATE },
  "backup.verified": { uid: 6003, activity: READ },
  "backup.restored": { uid: 6003, activity: UPDATE },
  "backup.removed": { uid: 6003, activity: DELETE },
};

/** An event that this version does not know is placed by its kind, an unknown kind as activity on the API. */
export function ocsfPlace(event: string, kind: string): OcsfPlace {
  const place = lookUp<OcsfPlace>(BY_EVENT, event) ?? lookUp<OcsfPlace>(BY_KIND, kind);
  return place ?? { uid: 6003, activity: OTHER };
}

function lookUp<Value>(table: Partial<Record<string, Value>>, name: string): Value | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

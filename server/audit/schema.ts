/** Shape of an audit event as the code hands it in. The catalogue of names is `events.ts`. */
import type { AuditEventName } from "#server/audit/events.ts";

/** The guide's event kinds (`logging.audit.events`, `logging.security.events`). */
export const AUDIT_KINDS = [
  "authentication",
  "authorization",
  "config_changes",
  "message_send",
  "message_receive",
  "agent_execution",
  "file_access",
  "errors",
] as const;
export const SECURITY_KINDS = [
  "authentication_failure",
  "authorization_denied",
  "sandbox_escape",
  "suspicious_activity",
  "rate_limit_exceeded",
] as const;

export const AUDIT_CLASSES = [
  "management",
  "authentication",
  "authorization",
  "data_access",
  "activity",
  "system",
] as const;
export type AuditClass = (typeof AUDIT_CLASSES)[number];

export type AuditKind = (typeof AUDIT_KINDS)[number] | (typeof SECURITY_KINDS)[number];
/** Rising. */
export const SEVERITIES = ["info", "warn", "error", "critical"] as const;
export type AuditSeverity = (typeof SEVERITIES)[number];
export const OUTCOMES = ["ok", "denied", "failed"] as const;
export type AuditOutcome = (typeof OUTCOMES)[number];
export const ACTOR_TYPES = ["token", "user", "member", "operator", "system", "worker", "anonymous"] as const;
type ActorType = (typeof ACTOR_TYPES)[number];

export interface Actor {
  type: ActorType;
  id: string;
}

export interface AuditEventInput {
  event: AuditEventName;
  outcome: AuditOutcome;
  actor: Actor;
  /** Default: the time of the insert. */
  at?: Date;
  tokenId?: string | undefined;
  userId?: string | undefined;
  channel?: string | undefined;
  address?: string | undefined;
  requestId?: string | undefined;
  correlationId?: string | undefined;
  /** What was acted on: a run, token, role … id. */
  target?: string | undefined;
  /** Reason code of a decision. */
  reason?: string | undefined;
  /** The configuration path or record that decided. */
  because?: string | undefined;
  /** Integers, strings, booleans, null and nests of them; no secret, no message text. */
  data?: AuditData | undefined;
}

export type AuditValue = string | number | boolean | null | AuditValue[] | { [key: string]: AuditValue };
export type AuditData = Record<string, AuditValue>;

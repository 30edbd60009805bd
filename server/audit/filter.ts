/** What a reader of the record may ask for. Browser-safe. */
import { z } from "zod";
import { AUDIT_EVENTS, type AuditEventName } from "#server/audit/events.ts";
import { AUDIT_KINDS, SECURITY_KINDS, type AuditSeverity } from "#server/audit/schema.ts";

/** Rising. */
export const SEVERITIES = ["info", "warn", "error", "critical"] as const satisfies readonly AuditSeverity[];
export const OUTCOMES = ["ok", "denied", "failed"] as const;

const text = z.string().trim().min(1).max(200);

export const AuditFilter = z.strictObject({
  /** An event's name, a kind, or the beginning of either. */
  event: text.optional(),
  kind: z.enum([...AUDIT_KINDS, ...SECURITY_KINDS]).optional(),
  /** This severity or a graver one. */
  level: z.enum(SEVERITIES).optional(),
  outcome: z.enum(OUTCOMES).optional(),
  /** The actor's id, or its type. */
  actor: text.optional(),
  user: text.optional(),
  channel: text.optional(),
  target: text.optional(),
  requestId: text.optional(),
  since: z.date().optional(),
  until: z.date().optional(),
  /** Cursor: only events that stand before the one with this seq. */
  before: z.number().int().positive().optional(),
  limit: z.number().int().min(1).max(1_000).default(100),
});

export type AuditFilter = z.infer<typeof AuditFilter>;

/** Names of the catalogue whose name or kind starts with `wanted`: `authentication` also finds `authentication_failure`. */
export function eventsMatching(wanted: string): AuditEventName[] {
  const names = Object.keys(AUDIT_EVENTS) as AuditEventName[];
  return names.filter((name) => name.startsWith(wanted) || AUDIT_EVENTS[name].kind.startsWith(wanted));
}

/** The severities that are at least `level`. */
export function severitiesFrom(level: AuditSeverity): AuditSeverity[] {
  return SEVERITIES.slice(SEVERITIES.indexOf(level));
}

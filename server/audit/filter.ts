/** What a reader of the record may ask for, and which events of the catalogue that means. Browser-safe. */
import { z } from "zod";
import { AUDIT_EVENTS, meaningOf, type AuditEventName } from "#server/audit/events.ts";
import { AUDIT_KINDS, OUTCOMES, SECURITY_KINDS, SEVERITIES, type AuditSeverity } from "#server/audit/schema.ts";
import { AppError } from "#server/core/errors.ts";

const text = z
  .string()
  .trim()
  .min(1)
  .max(200)
  .refine((value) => !value.includes("\0"), "must not hold NUL characters");

export const AuditFilter = z.strictObject({
  /** An event's name, a kind, or the beginning of either. */
  event: text.optional(),
  kind: z.enum([...AUDIT_KINDS, ...SECURITY_KINDS]).optional(),
  /** This severity or a graver one. */
  level: z.enum(SEVERITIES).optional(),
  outcome: z.enum(OUTCOMES).optional(),
  /** The actor's type (`token`, `operator` …), or else its id. */
  actor: text.optional(),
  user: text.optional(),
  channel: text.optional(),
  target: text.optional(),
  tokenId: text.optional(),
  address: text.optional(),
  requestId: text.optional(),
  correlationId: text.optional(),
  /** Reason code of a decision. */
  reason: text.optional(),
  since: z.date().optional(),
  /** Exclusive. */
  until: z.date().optional(),
  /** Cursor: only events that stand before the one with this seq. */
  before: z.number().int().positive().optional(),
  limit: z.number().int().min(1).max(1_000).default(100),
});

export type AuditFilter = z.infer<typeof AuditFilter>;

/** What to look for, without which page of it. */
export type AuditSearch = Omit<AuditFilter, "before" | "limit">;

/** The part of a search that follows from an event's name. */
export type NamedBy = Pick<AuditSearch, "event" | "kind" | "level">;

/**
 * The names of the catalogue that fit; undefined when any name does. Kind and severity follow from the name and never change for it.
 * @throws AppError("INVALID_INPUT") when `event` begins no name and no kind.
 */
export function namesOf({ event, kind, level }: NamedBy): AuditEventName[] | undefined {
  if (event === undefined && kind === undefined && level === undefined) {
    return undefined;
  }
  const graveEnough = severitiesFrom(level ?? "info");
  return eventsMatching(event).filter((name) => {
    const meaning = meaningOf(name);
    return (kind === undefined || meaning.kind === kind) && graveEnough.includes(meaning.severity);
  });
}

/** Names that start with `wanted` or whose kind does: `authentication` also finds `authentication_failure`. */
function eventsMatching(wanted = ""): AuditEventName[] {
  const names = (Object.keys(AUDIT_EVENTS) as AuditEventName[]).filter(
    (name) => name.startsWith(wanted) || meaningOf(name).kind.startsWith(wanted),
  );
  if (names.length === 0) {
    const problem = `no audit event or kind starts with "${wanted}"; docs/audit-events.md lists them`;
    throw new AppError("INVALID_INPUT", `event: ${problem}.`, { details: { fields: [{ field: "event", problem }] } });
  }
  return names;
}

/** The severities that are at least `level`. */
function severitiesFrom(level: AuditSeverity): AuditSeverity[] {
  return SEVERITIES.slice(SEVERITIES.indexOf(level));
}

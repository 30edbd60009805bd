/** Whether an event belongs to a condition, and an alert to a silence. Pure. */
import type { AlertSeverity, ConditionType, EventSubject } from "#server/alerts/policy.ts";
import type { EventMatch, Matcher } from "#server/alerts/schema.ts";
import { AUDIT_EVENTS, isAuditEvent, meaningOf, type AuditEventName } from "#server/audit/index.ts";
import { SEVERITIES, type AuditSeverity } from "#server/audit/schema.ts";

/** What alerts themselves record raises none: it would feed itself. */
const OWN = /^alert\./;

const severityRank = (severity: AuditSeverity): number => SEVERITIES.indexOf(severity);

/** The names of the catalogue that a condition means. An entry is a name, or the beginning of names with `*`. */
export function eventNames({ events, kinds, severity }: EventMatch): AuditEventName[] {
  const least = severity === null ? 0 : severityRank(severity);
  const asked = events.map((entry) => (entry.endsWith("*") ? entry.slice(0, -1) : null));
  return (Object.keys(AUDIT_EVENTS) as AuditEventName[]).filter((name) => {
    const meaning = meaningOf(name);
    const isNamed =
      (events.length === 0 && kinds.length === 0) ||
      events.some((entry, index) => {
        const beginning = asked[index];
        return beginning === null || beginning === undefined ? entry === name : name.startsWith(beginning);
      }) ||
      kinds.includes(meaning.kind);
    return isNamed && severityRank(meaning.severity) >= least && !OWN.test(name);
  });
}

/** An entry that means nothing now: a name that no version records, or a beginning of none. */
export const meansNothing = (entry: string): boolean =>
  entry.endsWith("*")
    ? !Object.keys(AUDIT_EVENTS).some((name) => name.startsWith(entry.slice(0, -1)))
    : !isAuditEvent(entry);

/** An event of the record as conditions look at it. */
export interface SeenEvent {
  seq: number;
  /** Milliseconds since 1970. */
  at: number;
  event: string;
  outcome: string;
  actorType: string;
  actorId: string;
  userId: string | null;
  address: string | null;
  channel: string | null;
  target: string | null;
  data: Readonly<Record<string, unknown>>;
}

const SUBJECT_MAX = 160;

/** `<kind>:<id>`, without what a terminal or a mail could be misled by; empty when the event names none. */
export function subjectOf(event: SeenEvent, by: EventSubject | null): string {
  const parts: Record<EventSubject, string | null> = {
    actor: `${event.actorType}:${event.actorId}`,
    user: event.userId === null ? null : `user:${event.userId}`,
    address: event.address === null ? null : `address:${event.address}`,
    channel: event.channel === null ? null : `channel:${event.channel}`,
    target: event.target === null ? null : `target:${event.target}`,
    event: `event:${event.event}`,
  };
  return plainSubject(by === null ? "" : (parts[by] ?? ""));
}

export const plainSubject = (text: string): string => text.replace(/[\p{Cc}\p{Cf}]/gu, "").slice(0, SUBJECT_MAX);

/** A record of a flood stands for several events; see server/audit/collapse.ts. */
export function weightOf({ data }: Pick<SeenEvent, "data">): number {
  const { count } = data;
  return typeof count === "number" && Number.isSafeInteger(count) && count > 1 ? count : 1;
}

/** What a silence sees of an alert. */
export interface AlertLabels {
  rule: string;
  severity: AlertSeverity;
  subject: string;
  condition: ConditionType;
}

/** All of them fit. A silence without matchers would silence everything, and fits nothing. */
export const fitsAll = (matchers: readonly Matcher[], labels: AlertLabels): boolean =>
  matchers.length > 0 && matchers.every((matcher) => fits(matcher, labels));

function fits({ label, operator, value }: Matcher, labels: AlertLabels): boolean {
  const actual = labels[label];
  switch (operator) {
    case "is":
      return actual === value;
    case "is_not":
      return actual !== value;
    case "like":
      return isLike(actual, value);
  }
}

/** `*` stands for any text. In time of pattern × text, whatever the pattern. */
export function isLike(text: string, pattern: string): boolean {
  const [first = "", ...rest] = pattern.split("*");
  const last = rest.pop();
  if (last === undefined) {
    return text === pattern;
  }
  if (!text.startsWith(first)) {
    return false;
  }
  let at = first.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found < 0) {
      return false;
    }
    at = found + part.length;
  }
  return text.length - last.length >= at && text.endsWith(last);
}

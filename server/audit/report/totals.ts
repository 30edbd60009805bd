/** Sums over the tally's buckets. Pure. */
import { isAuditEvent, meaningOf } from "#server/audit/events.ts";
import type { AuditSeverity } from "#server/audit/schema.ts";
import type { TallyBucket } from "#server/audit/reading/tally.ts";

export type Chooser = (bucket: TallyBucket) => boolean;

export const countOf = (buckets: readonly TallyBucket[], chosen: Chooser): number =>
  buckets.reduce((sum, bucket) => sum + (chosen(bucket) ? bucket.count : 0), 0);

export const ofEvent =
  (...names: string[]): Chooser =>
  ({ event }) =>
    names.includes(event);

export const ofGroup =
  (prefix: string): Chooser =>
  ({ event }) =>
    event.startsWith(prefix);

export const ofKind =
  (kind: string): Chooser =>
  ({ event }) =>
    kindOf(event) === kind;

export const ofSeverity =
  (...severities: AuditSeverity[]): Chooser =>
  ({ event }) =>
    severities.includes(severityOf(event));

/** Events of an older or a newer version are of no kind that this one knows. */
export const kindOf = (event: string): string => (isAuditEvent(event) ? meaningOf(event).kind : "other");

const severityOf = (event: string): AuditSeverity => (isAuditEvent(event) ? meaningOf(event).severity : "info");

/** `+25 %` against the count before; `new` where there was none. */
export function changeOf(count: number, before: number): string {
  if (before === 0) {
    return count === 0 ? "as before" : "new";
  }
  const percent = Math.round((count / before - 1) * 100);
  return percent === 0 ? "as before" : `${percent > 0 ? "+" : "−"}${Math.abs(percent)} %`;
}

const DIGITS = new Intl.NumberFormat("en-US");
/** `1,234,567` */
export const digits = (count: number): string => DIGITS.format(count);

/** `2026-03-01 12:00 UTC` */
export const minute = (time: Date): string => `${time.toISOString().slice(0, 16).replace("T", " ")} UTC`;

import { recordLink } from "#components/monitoring/words.ts";
import type { AnomalyView } from "#server/anomalies/schema.ts";
import { isMetric } from "#server/metrics/schema.ts";

/** At most three digits that matter, or whole thousands. */
const figure = (value: number): string =>
  value.toLocaleString("en", Math.abs(value) >= 1000 ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 3 });

/** What an episode began with, in the metric's unit. */
export const valueText = ({ value, unit }: Pick<AnomalyView, "value" | "unit">): string => `${figure(value)} ${unit}`;

/** Between what it would have been ordinary. */
export const rangeText = ({ expectedLow, expectedHigh }: Pick<AnomalyView, "expectedLow" | "expectedHigh">): string =>
  `${figure(expectedLow)} to ${figure(expectedHigh)}`;

/** The page of the audit log with the events behind an episode; null when it was not measured from the record. */
export function eventsHref({
  metric,
  subject,
  leading,
  events,
}: Pick<AnomalyView, "metric" | "subject" | "leading" | "events">): string | null {
  if (events === null || !isMetric(metric)) return null;
  return recordLink(metric, subject === "" ? (leading ?? "") : subject, events.since.getTime(), events.until.getTime());
}

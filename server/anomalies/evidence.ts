/** What is behind an episode: in words, and as a filter of the audit log. Pure. */
import { REASON_WORDS, type Reason } from "#server/anomalies/policy.ts";
import type { AnomalyEvents } from "#server/anomalies/schema.ts";
import { isMetric, METRICS } from "#server/metrics/schema.ts";

interface Told {
  metric: string;
  subject: string;
  leading: string | null;
  startedAt: Date;
  endedAt: Date | null;
  lastAt: Date;
  value: number;
  expectedLow: number;
  expectedHigh: number;
  reason: Reason;
  windowSeconds: number;
}

/** One sentence: what was measured, by whom, and what would have been ordinary. */
export function explain(anomaly: Told): string {
  const { metric, subject, leading, value, expectedLow, expectedHigh, reason, windowSeconds } = anomaly;
  const meaning = isMetric(metric) ? METRICS[metric] : { label: metric, unit: "" };
  const who = subject === "" ? (leading === null ? "" : `, most of it from ${leading}`) : ` of ${subject}`;
  const range = `${figure(expectedLow)} to ${figure(expectedHigh)}`;
  return `${meaning.label}${who}: ${figure(value)} ${meaning.unit} within ${spoken(windowSeconds)}, where ${range} would be ordinary; ${REASON_WORDS[reason]}.`;
}

/** The events of the record that it was measured from; null where the metric is not counted from the record. */
export function eventsBehind(anomaly: Told): AnomalyEvents | null {
  const { metric, startedAt, lastAt, endedAt, windowSeconds } = anomaly;
  const [kind] = isMetric(metric) ? METRICS[metric].kinds : [];
  if (kind === undefined) return null;
  const since = new Date(startedAt.getTime() - windowSeconds * 1000);
  return {
    kind,
    since,
    until: endedAt ?? lastAt,
    ...whoIs(anomaly.subject === "" ? (anomaly.leading ?? "") : anomaly.subject),
  };
}

function whoIs(subject: string): Partial<AnomalyEvents> {
  const id = subject.slice(subject.indexOf(":") + 1);
  if (subject.startsWith("user:")) return { user: id };
  if (subject.startsWith("token:")) return { tokenId: id };
  if (subject.startsWith("address:")) return { address: id };
  if (subject.startsWith("channel:")) return { channel: id };
  return {};
}

/** At most four digits that matter. */
export function figure(value: number): string {
  return Math.abs(value) >= 1000 ? Math.round(value).toLocaleString("en") : String(Number(value.toPrecision(3)));
}

function spoken(seconds: number): string {
  if (seconds % 86_400 === 0) return seconds === 86_400 ? "a day" : `${seconds / 86_400} days`;
  if (seconds % 3600 === 0) return seconds === 3600 ? "an hour" : `${seconds / 3600} hours`;
  return `${Math.round(seconds / 60)} minutes`;
}

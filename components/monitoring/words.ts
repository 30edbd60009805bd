/** Words for what was measured. Pure. */
import { dollars } from "#components/models/words.ts";
import { formatBytes, formatDuration } from "#components/shared/format.ts";
import { METRICS, type MetricName } from "#server/metrics/schema.ts";

/** A value with its unit, short enough for a card. */
export function amount(metric: MetricName, value: number): string {
  const { unit } = METRICS[metric];
  switch (unit) {
    case "USD":
      return dollars(value);
    case "bytes":
      return formatBytes(value);
    case "ms":
      return formatDuration(value);
    case "s":
      return formatDuration(value * 1000);
    default:
      return value.toLocaleString("en", { maximumFractionDigits: 1 });
  }
}

/** As `amount`, with the unit where that leaves it out: `12 failures`. */
export function amountWithUnit(metric: MetricName, value: number): string {
  const { unit } = METRICS[metric];
  const text = amount(metric, value);
  return ["USD", "bytes", "ms", "s"].includes(unit) ? text : `${text} ${unit}`;
}

/** What stands before the colon says what it is: `user:ana` → `User ana`. */
export function subjectText(subject: string): string {
  const [kind = "", ...rest] = subject.split(":");
  const id = rest.join(":");
  if (kind === "other") {
    return `All other ${id === "address" ? "addresses" : `${id}s`}`;
  }
  return `${kind.charAt(0).toUpperCase()}${kind.slice(1)} ${id}`;
}

const FILTERS = ["user", "token", "address", "channel"];

/** The events behind a stretch of a chart, as an address of the audit log; null where nothing on record is behind it. */
export function recordLink(metric: MetricName, subject: string, fromMs: number, toMs: number): string | null {
  const { record } = METRICS[metric];
  if (record === "") {
    return null;
  }
  const [kind = "", ...rest] = subject.split(":");
  const id = rest.join(":");
  const who = kind === "member" ? "actor" : FILTERS.includes(kind) ? kind : null;
  const plain = /^[\w.@:+-]+$/.test(id);
  const filter = who === null ? "" : ` ${who}:${plain ? id : `"${id.replaceAll('"', "")}"`}`;
  const query = new URLSearchParams({
    q: record + filter,
    from: new Date(fromMs).toISOString(),
    to: new Date(toMs).toISOString(),
  });
  return `/audit?${query.toString()}`;
}

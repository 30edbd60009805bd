/** What a condition says in one line, for notifications and lists. Never text of a message: names, numbers and ids alone. Pure. */
import type { Comparison } from "#server/alerts/policy.ts";
import type { Condition, EventMatch } from "#server/alerts/schema.ts";

const COMPARED: Record<Comparison, string> = {
  above: "above",
  at_least: "at least",
  below: "below",
  at_most: "at most",
};

/** `90 min`, `36 h`, `14 d`: the largest unit that says it in whole numbers. */
export function spanText(ms: number): string {
  const units = [
    ["d", 86_400_000],
    ["h", 3_600_000],
    ["min", 60_000],
  ] as const;
  const unit = units.find(([, size]) => ms >= size && ms % size === 0);
  return unit === undefined ? `${Math.round(ms / 1000)} s` : `${ms / unit[1]} ${unit[0]}`;
}

export const numberText = (value: number): string => String(Number(value.toPrecision(6)));

function matchText({ events, kinds, severity, outcome }: EventMatch): string {
  const named = [...events, ...kinds].join(", ");
  const parts = [
    named === "" ? "any event" : named,
    severity === null ? "" : `${severity} or graver`,
    outcome === null ? "" : outcome,
  ];
  return parts.filter((part) => part !== "").join(", ");
}

/** The condition itself, as people read it. */
export function conditionText(condition: Condition): string {
  switch (condition.type) {
    case "metric": {
      const { metric, subject, aggregate, windowMs, comparison, threshold } = condition;
      const of = subject === "" ? "" : ` for ${subject}`;
      return `${aggregate} of ${metric}${of} over ${spanText(windowMs)} ${COMPARED[comparison]} ${numberText(threshold)}`;
    }
    case "anomaly": {
      const least = condition.minScore === 0 ? "" : ` with a score of at least ${numberText(condition.minScore)}`;
      return `anomaly of ${condition.metric ?? "any metric"}${least}`;
    }
    case "event": {
      const { match, count, windowMs, by } = condition;
      const each = by === null ? "" : ` for one ${by}`;
      return `${count} or more of ${matchText(match)} within ${spanText(windowMs)}${each}`;
    }
    case "absence": {
      const { of, windowMs } = condition;
      const what = of.kind === "event" ? matchText(of.match) : of.metric;
      return `no ${what} for ${spanText(windowMs)}`;
    }
  }
}

/** What was found. @param value null where nothing was measured */
export function summaryOf(condition: Condition, value: number | null): string {
  if (value === null) {
    return `${conditionText(condition)}: nothing is measured`;
  }
  switch (condition.type) {
    case "metric":
      return `${conditionText(condition)}: ${numberText(value)}`;
    case "anomaly":
      return conditionText(condition);
    case "event":
      return `${numberText(value)} of ${matchText(condition.match)} within ${spanText(condition.windowMs)}`;
    case "absence":
      return conditionText(condition);
  }
}

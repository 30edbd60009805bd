/** Anomaly detection: episodes in which something measured was unusual. */

const SERIES = "`<metric>/<subject>`; the subject is empty for all together.";
const EPISODE = {
  anomalyId: "Id of the episode.",
  metric: "What was measured.",
  subject: "Whom or what it is about, `<kind>:<id>`; empty = all together.",
  score: "Highest score so far, 0 to 1, as text.",
} as const;

export const ANOMALIES = {
  "anomaly.detected": {
    meaning: "Something measured is unusual: its score reached `security.monitoring.anomalyDetection.threshold`.",
    target: SERIES,
    reason: "`new_extreme`, `higher`, `misfit`, `level_moved`, `jump`, `lower`, `frozen`.",
    fields: {
      ...EPISODE,
      leading: "The subject that more than half of it came from, or null.",
      value: "What was measured within the window, in the metric's unit.",
      expectedLow: "From here on it would have been ordinary.",
      expectedHigh: "Up to here it would have been ordinary.",
      windowSeconds: "Length of the window (s).",
      explanation: "The same in one sentence.",
      events: "Filter of the record for the events behind it, or null.",
    },
  },
  "anomaly.ended": {
    meaning: "An episode is over: what was measured is back within what was expected, or has been so for a day.",
    target: SERIES,
    fields: {
      ...EPISODE,
      peak: "The highest value of the episode.",
      minutes: "How long it lasted.",
    },
  },
  "anomaly.acknowledged": {
    meaning: "Somebody looked at an episode and said what it was.",
    target: SERIES,
    reason: "`expected` or `handled`.",
    fields: { anomalyId: "Id of the episode.", note: "The reason that was given." },
  },
} as const;

/** Words of the anomaly detection. Browser-safe. */
import { z } from "zod";

export const REASONS = ["new_extreme", "higher", "lower", "misfit", "level_moved", "jump", "frozen"] as const;
/**
 * Why a value surprises: beyond everything seen · higher / lower than expected · not fitting for many rows · the recent level far from
 * the usual one · far from the value before · not changing any more.
 */
export type Reason = (typeof REASONS)[number];

export const REASON_WORDS: Record<Reason, string> = {
  new_extreme: "beyond everything seen before",
  higher: "higher than at this time of other days",
  lower: "lower than at this time of other days",
  misfit: "unlike other days for hours",
  level_moved: "the level moved away from what was usual lately",
  jump: "a sudden jump",
  frozen: "does not change any more",
};

/** What somebody said of an episode. */
export const VERDICTS = ["expected", "handled"] as const;

export const ANOMALY_STATES = ["open", "ended", "acknowledged"] as const;

/** Which episodes a list holds. */
export const AnomalyQuery = z.strictObject({
  state: z.enum(ANOMALY_STATES).optional(),
  metric: z.string().max(64).optional(),
  /** Episodes that went on after this moment. */
  since: z.date().optional(),
  limit: z.int().min(1).max(500).default(100),
});
export type AnomalyQuery = z.infer<typeof AnomalyQuery>;

/** The events behind an episode, as a filter of the audit log. */
export const AnomalyEvents = z.strictObject({
  kind: z.string(),
  since: z.date(),
  until: z.date(),
  user: z.string().optional(),
  tokenId: z.string().optional(),
  address: z.string().optional(),
  channel: z.string().optional(),
});
export type AnomalyEvents = z.infer<typeof AnomalyEvents>;

export const AnomalyView = z.strictObject({
  id: z.string(),
  metric: z.string(),
  /** What the metric is called, and its unit. */
  label: z.string(),
  unit: z.string(),
  subject: z.string(),
  /** The subject that more than half of it came from, where it is about all together. */
  leading: z.string().nullable(),
  startedAt: z.date(),
  lastAt: z.date(),
  endedAt: z.date().nullable(),
  score: z.number(),
  value: z.number(),
  peak: z.number(),
  expectedLow: z.number(),
  expectedHigh: z.number(),
  reason: z.enum(REASONS),
  /** One sentence: what was measured, and what would have been ordinary. */
  explanation: z.string(),
  windowSeconds: z.number(),
  events: AnomalyEvents.nullable(),
  acknowledged: z
    .strictObject({ at: z.date(), by: z.string(), verdict: z.enum(VERDICTS), reason: z.string() })
    .nullable(),
});
export type AnomalyView = z.infer<typeof AnomalyView>;

export const AnomalyList = z.strictObject({
  anomalies: z.array(AnomalyView),
  /** What the detector is told and how far it has looked. */
  watch: z.strictObject({
    enabled: z.boolean(),
    threshold: z.number(),
    windowSeconds: z.number(),
    metrics: z.array(z.string()),
    series: z.number(),
    upTo: z.date().nullable(),
  }),
});
export type AnomalyList = z.infer<typeof AnomalyList>;

export const AnomalyOf = z.strictObject({ id: z.string().max(64) });

export const AcknowledgeAnomaly = z.strictObject({
  id: z.string().max(64),
  verdict: z.enum(VERDICTS),
  reason: z.string().trim().min(3, "say in a few words why").max(500),
});
export type AcknowledgeAnomaly = z.infer<typeof AcknowledgeAnomaly>;

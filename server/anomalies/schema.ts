/** Words of the anomaly detection. Browser-safe. */
import { z } from "zod";
import { ANOMALY_STATES, REASONS, VERDICTS } from "#server/anomalies/policy.ts";

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

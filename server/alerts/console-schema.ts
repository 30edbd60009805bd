/** Alerts, contact points and deliveries as the console and the command line see them. Browser-safe. */
import { z } from "zod";
import { EmailSettings, SmtpSettings } from "#server/alerts/points/settings.ts";
import {
  ALERT_SEVERITIES,
  ALERT_STATES,
  DELIVERY_STATES,
  POINT_TYPES,
  WEBHOOK_FORMATS,
} from "#server/alerts/policy.ts";
import { NotifiedAlert } from "#server/alerts/notification.ts";
import { PointName, Rule, RuleDraft, Silence } from "#server/alerts/schema.ts";

const cursor = z.string().max(100).optional();
const limit = z.int().min(1).max(200).default(50);

export const AlertFilter = z.strictObject({
  /** Open: everything that is not resolved; default: both. */
  open: z.boolean().optional(),
  severity: z.enum(ALERT_SEVERITIES).optional(),
  ruleId: z.string().min(1).max(64).optional(),
  cursor,
  limit,
});
export type AlertFilter = z.output<typeof AlertFilter>;

export const AlertView = z.object({
  id: z.string(),
  ruleId: z.string(),
  rule: z.string(),
  subject: z.string(),
  severity: z.enum(ALERT_SEVERITIES),
  state: z.enum(ALERT_STATES),
  value: z.number().nullable(),
  summary: z.string(),
  startedAt: z.date(),
  firedAt: z.date().nullable(),
  resolvedAt: z.date().nullable(),
  notifiedAt: z.date().nullable(),
  silencedBy: z.string().nullable(),
  flaps: z.int(),
  acknowledgedAt: z.date().nullable(),
  acknowledgedBy: z.string().nullable(),
});
export type AlertView = z.output<typeof AlertView>;
export const AlertPage = z.object({ alerts: z.array(AlertView), nextCursor: z.string().nullable() });
export type AlertPage = z.output<typeof AlertPage>;
export const AlertDetail = AlertView.extend({
  condition: z.string(),
  /** Rows of the record behind it, first and last. */
  firstSeq: z.number().nullable(),
  lastSeq: z.number().nullable(),
  told: z.array(
    z.object({
      at: z.date(),
      kind: z.enum(["fired", "reminded", "resolved"]),
      point: z.string(),
      deliveryId: z.string().nullable(),
      state: z.enum(DELIVERY_STATES).nullable(),
    }),
  ),
});
export type AlertDetail = z.output<typeof AlertDetail>;
export const AnyId = z.strictObject({ id: z.string().min(1).max(64) });

export const RuleList = z.object({ rules: z.array(Rule) });
export const SilenceList = z.object({ silences: z.array(Silence) });

const secretText = z.string().trim().min(1, "must not be blank").max(4096);

/** Secrets that are not given stay as they are. */
export const SavePoint = z.strictObject({
  /** Absent: a new one. */
  id: z.string().min(1).max(64).optional(),
  /** As seen; needed for a change. */
  version: z.int().min(1).optional(),
  name: PointName,
  receivesAll: z.boolean(),
  target: z.discriminatedUnion("type", [
    z.strictObject({ type: z.literal("email"), ...EmailSettings.shape, password: secretText.optional() }),
    z.strictObject({
      type: z.literal("webhook"),
      format: z.enum(WEBHOOK_FORMATS),
      url: secretText.optional(),
      /** Standard Webhooks; absent for a new one: one is made. */
      secret: secretText.optional(),
      routingKey: secretText.optional(),
    }),
  ]),
});
export type SavePoint = z.output<typeof SavePoint>;
/** `secret`: one that was made, shown this once. */
export const SavedPoint = z.object({ id: z.string(), secret: z.string().nullable() });
export const ShownSecret = z.object({ secret: z.string() });
export const SwitchPoint = z.strictObject({ id: z.string().min(1).max(64), enabled: z.boolean() });

export const PointView = z.object({
  id: z.string(),
  name: z.string(),
  type: z.enum(POINT_TYPES),
  /** The file's can be changed there only. */
  source: z.enum(["file", "database"]),
  receivesAll: z.boolean(),
  enabled: z.boolean(),
  disabledReason: z.string().nullable(),
  /** What keeps it from working, and what to do. */
  problem: z.string().nullable(),
  recipients: z.array(z.string()),
  smtp: SmtpSettings.nullable(),
  format: z.enum(WEBHOOK_FORMATS).nullable(),
  /** Where the webhook leads, without what may be secret in it. */
  host: z.string().nullable(),
  /** Names of the secrets that are set. */
  secrets: z.array(z.string()),
  /** A secret was made and nobody has seen it yet. */
  canShowSecret: z.boolean(),
  rotationEndsAt: z.date().nullable(),
  version: z.int(),
  lastDelivery: z.object({ at: z.date(), state: z.enum(DELIVERY_STATES) }).nullable(),
});
export type PointView = z.output<typeof PointView>;
export const PointList = z.object({ points: z.array(PointView), configFile: z.string(), hasMailServer: z.boolean() });

export const DeliveryFilter = z.strictObject({
  state: z.enum(DELIVERY_STATES).optional(),
  pointId: z.string().min(1).max(64).optional(),
  cursor,
  limit,
});
export type DeliveryFilter = z.output<typeof DeliveryFilter>;
export const DeliveryView = z.object({
  id: z.string(),
  pointId: z.string(),
  pointName: z.string(),
  kind: z.enum(["alerts", "test"]),
  title: z.string(),
  state: z.enum(DELIVERY_STATES),
  reason: z.string().nullable(),
  attempts: z.int(),
  nextAttemptAt: z.date(),
  createdAt: z.date(),
  finishedAt: z.date().nullable(),
});
export type DeliveryView = z.output<typeof DeliveryView>;
export const DeliveryPage = z.object({ deliveries: z.array(DeliveryView), nextCursor: z.string().nullable() });
export type DeliveryPage = z.output<typeof DeliveryPage>;
export const DeliveryDetail = DeliveryView.extend({
  alerts: z.array(NotifiedAlert),
  tries: z.array(
    z.object({
      number: z.int(),
      at: z.date(),
      durationMs: z.int(),
      outcome: z.enum(["sent", "again", "refused"]),
      status: z.int().nullable(),
      response: z.string(),
    }),
  ),
});
export type DeliveryDetail = z.output<typeof DeliveryDetail>;

const HOUR_MS = 3_600_000;
export const PreviewRule = z.strictObject({
  rule: RuleDraft,
  /** How far back (milliseconds). */
  periodMs: z
    .int()
    .min(HOUR_MS)
    .max(14 * 24 * HOUR_MS),
});
export type PreviewRule = z.output<typeof PreviewRule>;
export const Preview = z.object({
  from: z.date(),
  to: z.date(),
  /** Of the subject with the most, or of all together: the highest value in each stretch. */
  points: z.array(z.object({ at: z.date(), value: z.number(), firing: z.boolean() })),
  threshold: z.number().nullable(),
  /** What the values are: `failures`, `events` … */
  unit: z.string(),
  episodes: z.array(
    z.object({ subject: z.string(), firedAt: z.date(), resolvedAt: z.date().nullable(), highest: z.number() }),
  ),
  /** More episodes than are listed. */
  more: z.int(),
  /** Nothing is stored for a part of the period, or it was too much to look at all of it; null = neither. */
  note: z.string().nullable(),
});
export type Preview = z.output<typeof Preview>;

/** `security.monitoring`: anomalies and alerts. */
import { z } from "zod";
import { isSealed } from "#server/config/sealed-form.ts";
import { duration, secret } from "#server/config/schema/fields.ts";
import { DAY, MINUTE } from "#server/config/units.ts";

const METRICS = [
  "authentication_failures",
  "authorization_denials",
  "message_volume",
  "file_access_patterns",
  "resource_usage",
] as const;

const webhookUrl = secret().refine((value) => isSealed(value) || /^https?:\/\/|^\$\{/i.test(value), {
  error: 'must be a URL that starts with "https://"',
});

export const Monitoring = z
  .strictObject({
    enabled: z.boolean().prefault(true).describe("Watches the gateway."),
    anomalyDetection: z
      .strictObject({
        enabled: z.boolean().prefault(true).describe("Scores each metric for each subject."),
        threshold: z.number().min(0).max(1).prefault(0.8).describe("Score between 0 and 1 that counts as an anomaly."),
        windowSize: duration({ min: MINUTE, max: 31 * DAY })
          .prefault("1h")
          .describe("Length of the window a score looks at."),
        metrics: z
          .array(z.enum(METRICS))
          .prefault([...METRICS])
          .describe("What is scored."),
      })
      .prefault({})
      .describe("Anomaly detection."),
    alerting: z
      .strictObject({
        enabled: z.boolean().prefault(true).describe("Sends alerts."),
        channels: z
          .array(z.enum(["email", "webhook"]))
          .prefault([])
          .describe("Ways they are sent."),
        recipients: z.array(z.email()).max(1000).prefault([]).describe("Addresses for `email`."),
        webhookUrl: webhookUrl.optional().describe("Receiver for `webhook`; calls are signed."),
      })
      .prefault({})
      .describe("Alerts. When present, the file owns them."),
    metrics: z
      .strictObject({
        minutes: duration({ min: DAY, max: 31 * DAY })
          .prefault("48h")
          .describe("How long numbers by the minute are kept."),
        hours: duration({ min: 7 * DAY, max: 730 * DAY })
          .prefault("90d")
          .describe("How long numbers by the hour are kept."),
        days: duration({ min: 31 * DAY, max: 3650 * DAY })
          .prefault("730d")
          .describe("How long numbers by the day are kept."),
      })
      .prefault({})
      .describe("Measurements: see docs/monitoring.md."),
  })
  .prefault({})
  .describe("Security monitoring.");

/** `security.monitoring`: anomalies and alerts. */
import { z } from "zod";
import { isSealed } from "#server/config/sealed-form.ts";
import { SMTP_SECURITY } from "#server/alerts/policy.ts";
import { duration, secret, text, wholeNumber } from "#server/config/schema/fields.ts";
import { httpUrl } from "#server/config/schema/http-url.ts";
import { DAY, MINUTE } from "#server/config/units.ts";

const METRICS = [
  "authentication_failures",
  "authorization_denials",
  "message_volume",
  "file_access_patterns",
  "resource_usage",
] as const;

const Smtp = z.strictObject({
  host: z
    .string()
    .regex(/^(?:[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,252})|\[?[0-9A-Fa-f:.]{2,45}\]?)$/, {
      error: "must be a host name or an address",
    })
    .describe("The mail server that takes alerts."),
  port: wholeNumber({ min: 1, max: 65_535 })
    .optional()
    .describe("Its port. Absent: 465 for `tls`, 587 for `starttls`, 25 for `none`."),
  secure: z
    .enum(SMTP_SECURITY)
    .prefault("starttls")
    .describe(
      "`tls`: encrypted from the first byte. `starttls`: encrypted before anything is said, or nothing is sent. `none`: in the clear, for a server on this machine.",
    ),
  user: text().optional().describe("Name to sign in with. Absent: without signing in."),
  password: secret().optional().describe("Password to sign in with."),
  from: z.email().describe("Address that alerts come from."),
  ca: text()
    .optional()
    .describe("File with the certificates (PEM) that the server's must be signed by. Absent: the public ones."),
});

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
        webhookUrl: webhookUrl
          .optional()
          .describe("Receiver for `webhook`; calls are signed by Standard Webhooks, redirects are not followed."),
        webhookSecret: secret()
          .optional()
          .describe(
            "Secret of that signature: `whsec_` and the base64 of 24 to 64 random bytes. Absent: one is made and shown once. After a change both are used for a day.",
          ),
        webhookFormat: z
          .enum(["standard", "alertmanager", "slack"])
          .prefault("standard")
          .describe(
            "What the receiver is sent: our own form, that of Prometheus Alertmanager, or a message for Slack.",
          ),
        smtp: Smtp.optional().describe("How `email` is sent; needed for it."),
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
    scan: z
      .strictObject({
        enabled: z.boolean().prefault(true).describe("Makes a security scan by itself, on one of the servers."),
        interval: duration({ min: 15 * MINUTE, max: 90 * DAY })
          .prefault("1d")
          .describe("How often."),
        retention: duration({ min: DAY, max: 3660 * DAY })
          .prefault("180d")
          .describe("How long results are kept; the newest always is."),
      })
      .prefault({})
      .describe("Scheduled security scans."),
    telemetry: z
      .strictObject({
        endpoint: httpUrl()
          .optional()
          .describe(
            "Address of an OpenTelemetry collector that takes OTLP over HTTP, such as `https://otel.example.com:4318`; `/v1/traces` and `/v1/metrics` are added. Absent: nothing is sent. A host that leads to a private address has to stand in `security.outbound.allowedPrivate`.",
          ),
        headers: z
          .record(
            z.string().regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,63}$/, { error: "must be the name of a header" }),
            secret(),
          )
          .prefault({})
          .describe("Headers sent along, such as `authorization`."),
        traces: z.boolean().prefault(true).describe("Sends traces of requests, decisions, runs and calls of models."),
        metrics: z.boolean().prefault(true).describe("Sends metrics every 30 seconds."),
        sampleRatio: z.number().min(0).max(1).prefault(1).describe("Part of the traces that is sent."),
      })
      .prefault({})
      .describe("OpenTelemetry. Never sent: texts of messages, names of users, addresses, secrets."),
  })
  .prefault({})
  .describe("Security monitoring.");

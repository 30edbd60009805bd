/** What a contact point is, without its secrets: as it is stored, shown and recorded. Browser-safe. */
import { z } from "zod";
import { SMTP_SECURITY, WEBHOOK_FORMATS, type SmtpSecurity } from "#server/alerts/policy.ts";

const HOST = /^(?:[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,252})|[0-9A-Fa-f:.]{2,45})$/;

export const SmtpSettings = z.strictObject({
  host: z.string().trim().regex(HOST, "must be a host name or an address"),
  port: z.int().min(1).max(65_535),
  secure: z.enum(SMTP_SECURITY),
  /** Null: without signing in. */
  user: z.string().trim().min(1).max(200).nullable(),
  from: z.email(),
});
export type SmtpSettings = z.output<typeof SmtpSettings>;

export const EmailSettings = z.strictObject({
  recipients: z.array(z.email()).min(1, "needs at least one address").max(100),
  /** Null: the mail server of the configuration file. */
  smtp: SmtpSettings.nullable(),
});

export const WebhookSettings = z.strictObject({
  format: z.enum(WEBHOOK_FORMATS),
  /** Where its address leads, without what may be secret in it. */
  host: z.string().max(300),
});

export const SMTP_PORTS: Record<SmtpSecurity, number> = { tls: 465, starttls: 587, none: 25 };

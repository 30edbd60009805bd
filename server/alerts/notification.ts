/** What one notification says, before it gets the form of its receiver. Names, numbers and ids: never text of a message, never a secret. */
import { z } from "zod";
import { ALERT_SEVERITIES } from "#server/alerts/policy.ts";

export const NotifiedAlert = z.object({
  id: z.string(),
  rule: z.string(),
  severity: z.enum(ALERT_SEVERITIES),
  status: z.enum(["firing", "resolved"]),
  subject: z.string(),
  summary: z.string(),
  value: z.number().nullable(),
  /** ISO 8601. */
  startedAt: z.string(),
  endedAt: z.string().nullable(),
  acknowledged: z.boolean(),
  /** Times it came and went before it was resolved. */
  flaps: z.number(),
  /** Where the console shows it. */
  link: z.string(),
});
export type NotifiedAlert = z.output<typeof NotifiedAlert>;

export const Notification = z.object({
  kind: z.enum(["alerts", "test"]),
  group: z.string(),
  /** When it was put together, ISO 8601. */
  at: z.string(),
  /** `firing` as long as one of its alerts fires. */
  status: z.enum(["firing", "resolved"]),
  /** The console. */
  origin: z.string(),
  alerts: z.array(NotifiedAlert),
  /** How many more there are than are listed. */
  more: z.number(),
});
export type Notification = z.output<typeof Notification>;

/** Alerts listed in one notification. */
export const MOST_LISTED = 50;

export const alertLink = (origin: string, id: string): string => `${origin}/alerts?open=${encodeURIComponent(id)}`;

/** A notification that shows what one looks like. */
export function testNotification(origin: string, deliveryId: string, now: Date): Notification {
  const at = now.toISOString();
  return {
    kind: "test",
    group: "test",
    at,
    status: "firing",
    origin,
    alerts: [
      {
        id: deliveryId,
        rule: "Test of a contact point",
        severity: "warn",
        status: "firing",
        subject: "",
        summary: "Somebody asked for this test. Nothing is wrong.",
        value: null,
        startedAt: at,
        endedAt: null,
        acknowledged: false,
        flaps: 0,
        link: `${origin}/alerts`,
      },
    ],
    more: 0,
  };
}

/** `3 alerts firing: Many failed sign-ins`: the one line of subjects and previews. */
export function headline({ kind, status, alerts, more }: Notification): string {
  const rules = [...new Set(alerts.map(({ rule }) => rule))];
  const count = alerts.length + more;
  const what = rules.length <= 2 ? rules.join(", ") : `${rules.slice(0, 2).join(", ")} and ${rules.length - 2} more`;
  if (kind === "test") {
    return "Test notification of OpenClaw Gateway";
  }
  return `${count} alert${count === 1 ? "" : "s"} ${status}: ${what}`;
}

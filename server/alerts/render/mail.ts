/** A notification as plain text for a mail. Pure. */
import { headline, type Notification, type NotifiedAlert } from "#server/alerts/notification.ts";

export interface Mail {
  subject: string;
  text: string;
}

/** Header fields are one line, whatever a name holds. */
const oneLine = (text: string): string => text.replace(/[\p{Cc}\p{Cf}]+/gu, " ");

export function mailOf(notification: Notification): Mail {
  const { status, alerts, more, origin } = notification;
  const mark = notification.kind === "test" ? "TEST" : status.toUpperCase();
  const parts = [
    ...alerts.map(paragraph),
    ...(more > 0 ? [`and ${more} more: ${origin}/alerts`] : []),
    `Sent by OpenClaw Gateway at ${origin}. Who is told what: ${origin}/alerts?tab=points`,
  ];
  return { subject: oneLine(`[${mark}] ${headline(notification)}`).slice(0, 250), text: `${parts.join("\n\n")}\n` };
}

function paragraph(alert: NotifiedAlert): string {
  const { rule, severity, status, subject, summary, startedAt, endedAt, flaps, link } = alert;
  const lines = [
    `${rule} — ${status}, ${severity}`,
    ...(subject === "" ? [] : [`About: ${subject}`]),
    summary,
    `Since ${startedAt}${endedAt === null ? "" : `, over at ${endedAt}`}`,
    ...(flaps > 0 ? [`Came and went ${flaps + 1} times.`] : []),
    link,
  ];
  return lines.map(oneLine).join("\n");
}

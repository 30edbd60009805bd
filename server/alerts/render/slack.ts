/**
 * A message for an incoming webhook of Slack.
 * Source: https://docs.slack.dev/messaging/formatting-message-text — what has a meaning there is escaped, so that no name becomes a link or a
 * call of everybody.
 */
import { headline, type Notification, type NotifiedAlert } from "#server/alerts/notification.ts";

/** Slack takes 3,000 characters in a section, and 50 blocks. */
const MOST_LINES = 20;
const LINE_MAX = 600;

const escaped = (text: string): string =>
  text
    .replace(/&/g, "&amp;")
    .replace(/</g, "&lt;")
    .replace(/>/g, "&gt;")
    .replace(/[*_~`]/g, "\u200b$&");

const section = (text: string) => ({ type: "section", text: { type: "mrkdwn", text } });

export function slackBody(notification: Notification) {
  const { alerts, more } = notification;
  const title = headline(notification);
  const rest = more + Math.max(0, alerts.length - MOST_LINES);
  return {
    text: escaped(title),
    blocks: [
      section(`*${escaped(title)}*`),
      ...alerts.slice(0, MOST_LINES).map((alert) => section(lineOf(alert))),
      ...(rest > 0 ? [section(`and ${rest} more`)] : []),
    ],
  };
}

function lineOf({ status, severity, rule, subject, summary, link }: NotifiedAlert): string {
  const about = subject === "" ? "" : ` · ${escaped(subject)}`;
  return `<${encodeURI(link)}|${escaped(rule)}> · ${status} · ${severity}${about}\n${escaped(summary).slice(0, LINE_MAX)}`;
}

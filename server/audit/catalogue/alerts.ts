/** Alerts: what fired, who was told, and who changed what is watched. */
import type { EventText } from "#server/audit/catalogue/text.ts";

export const ALERTS = {
  "alert.fired": {
    meaning: "An alert fired: the condition of its rule has held for long enough.",
    target: "Id of the alert.",
    reason: "`silenced` where a silence keeps it from being told.",
    because: "Id of the rule.",
    fields: {
      rule: "Name of the rule.",
      subject: "Whom or what it is about, `<kind>:<id>`; empty for all together.",
      severity: "`warn`, `error` or `critical`.",
      firstSeq: "The first event behind it, where events are what the rule watches.",
      lastSeq: "The last of them.",
    },
  },
  "alert.resolved": {
    meaning:
      "An alert is over: its condition has been clear for long enough, or its rule was paused, changed or removed.",
    target: "Id of the alert.",
    reason: "`clear`, `paused`, `changed` or `removed`.",
    because: "Id of the rule.",
    fields: { rule: "Name of the rule.", subject: "Whom or what it was about.", seconds: "How long it fired." },
  },
  "alert.acknowledged": {
    meaning: "Somebody took an alert on: nobody is reminded of it any more.",
    target: "Id of the alert.",
    fields: { rule: "Name of the rule.", subject: "Whom or what it is about." },
  },
  "alert.rule_changed": {
    meaning: "An alert rule was made, changed, paused, taken up again or removed.",
    target: "Id of the rule.",
    reason: "`created`, `changed`, `paused`, `resumed` or `removed`.",
    fields: { name: "Name of the rule.", before: "What it was, as text.", after: "What it is, as text." },
  },
  "alert.contact_point_changed": {
    meaning:
      "A place where alerts go was made, changed or removed, its secret was rotated or shown, or it was switched off because the receiver said that it is gone.",
    target: "Id of the contact point.",
    reason:
      "`created`, `changed`, `removed`, `secret_rotated`, `secret_shown`, `switched_on`, `switched_off` or `gone`.",
    fields: {
      name: "Its name.",
      type: "`email` or `webhook`.",
      before: "Its settings without any secret, or null for a new one.",
      after: "Its settings without any secret, or null for one that was removed.",
      secrets: "Names of the secrets that were given anew.",
    },
  },
  "alert.silence_set": {
    meaning: "Somebody silenced alerts for a time, or ended a silence before its time.",
    target: "Id of the silence.",
    reason: "`set` or `ended`.",
    fields: {
      matchers: "What it silences, as text.",
      comment: "Why, in the words of who set it.",
      startsAt: "From when, ISO 8601.",
      endsAt: "Until when, ISO 8601.",
    },
  },
  "alert.delivery_failed": {
    meaning:
      "Nobody was told of an alert at one contact point: the notification was refused for good, or tried too often.",
    target: "Id of the delivery.",
    reason:
      "`refused`, `attempts_exhausted`, `gone`, `address_refused`, `point_removed`, `point_off`, `not_configured`, `cannot_decrypt`.",
    because: "Id of the contact point.",
    fields: {
      name: "Name of the contact point.",
      attempts: "How often it was tried.",
      status: "Last HTTP status or SMTP code.",
    },
  },
  "alert.delivery_requested": {
    meaning: "Somebody had a test notification sent, or a notification sent again.",
    target: "Id of the delivery.",
    reason: "`test` or `resend`.",
    because: "Id of the contact point.",
    fields: { name: "Name of the contact point." },
  },
} as const satisfies Record<string, EventText>;

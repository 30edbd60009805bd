/** Messaging channels: connections, deliveries of platforms and what is sent to them. */
import { COUNT, type EventText } from "#server/audit/catalogue/text.ts";

export const CHANNELS = {
  "channel.connection_saved": {
    meaning: "A connection to a messaging platform was made or changed in the database.",
    target: "Name of the channel.",
    fields: {
      type: "The platform.",
      before: "Its settings without any secret, or null for a new one.",
      after: "Its settings without any secret.",
      secrets: "Names of the secrets that were given anew.",
    },
  },
  "channel.connection_removed": {
    meaning: "A connection to a messaging platform was removed from the database; its secrets are gone.",
    target: "Name of the channel.",
    fields: { type: "The platform.", before: "Its settings without any secret." },
  },
  "channel.connection_off": {
    meaning:
      "A channel is off because a secret is missing or unusable: every delivery to it is refused and nothing is sent.",
    target: "Name of the channel.",
    reason: "`not_configured`, `cannot_decrypt`, or the code of another error.",
    because: "The key that is missing.",
    fields: { type: "The platform.", message: "What is wrong, without any value." },
  },
  "channel.connection_tested": {
    meaning: "Somebody had a test message sent to a conversation of a platform.",
    target: "Name of the channel.",
    reason: "`sent`, or `not_taken` where the platform did not take it.",
    fields: { conversation: "Id of the conversation.", message: "What the platform said when it did not take it." },
  },
  "channel.delivery_refused": {
    meaning: "A delivery to a webhook address was not proven and was refused before anything in it was believed.",
    target: "Path of the request, as far as it names a channel.",
    reason:
      "`unknown_channel`, `channel_off`, `not_configured`, `signature_missing`, `signature_wrong`, `timestamp_missing`, `timestamp_stale`, `secret_missing`, `challenge_wrong`, `too_large`, `no_room`, `too_slow`, `cut_off`, `locked_out`.",
    fields: { ...COUNT },
  },
  "channel.delivery_accepted": {
    meaning:
      "An event of a platform is stored and will be worked on; the platform was told so after this was on record.",
    target: "Id of the delivery.",
    reason: "Kind of the event: `message`, `command`, `edit`, `reaction`, `other`.",
    fields: {
      sender: "Immutable id of the sender on the platform.",
      conversation: "Id of the conversation.",
      event: "The platform's id of the event.",
      files: "How many files came with it.",
    },
  },
  "channel.delivery_repeated": {
    meaning: "A proven event came again, as a platform's retry or as a replay, and nothing was done.",
    target: "Name of the channel.",
    reason: "`duplicate`.",
    fields: { event: "The platform's id of the event.", ...COUNT },
  },
  "channel.delivery_malformed": {
    meaning: "A proven delivery was not of the form that the platform documents and was refused.",
    target: "Name of the channel.",
    reason: "`malformed`.",
    fields: { problem: "What is wrong with it.", ...COUNT },
  },
  "channel.delivery_failed": {
    meaning: "A delivery ended without its sender having got the whole answer.",
    target: "Id of the delivery.",
    reason:
      "`may_have_arrived` (cut off while a part was being sent; it is not sent again), `reply_refused` by the platform, `attempts_exhausted`, `channel_off`, `cannot_decrypt`, `internal`.",
    fields: { part: "Number of the part that was not taken, from 1.", message: "What the platform said." },
  },
  "channel.delivery_retried": {
    meaning: "Somebody had a failed delivery taken up again by hand.",
    target: "Id of the delivery.",
    fields: { from: "`start` where nothing had been answered, else `replies`." },
  },
  "channel.sender_unknown": {
    meaning: "A sender whom neither a pairing nor the policy knows wrote to a channel; the message was not acted on.",
    target: "Id of the delivery.",
    reason: "`code_offered` where something was said of pairing, else `silent`.",
    fields: {
      sender: "Immutable id of the sender on the platform.",
      conversation: "Id of the conversation.",
      ...COUNT,
    },
  },
  "channel.reply_sent": {
    meaning: "Every part of an answer was taken by the platform.",
    target: "Id of the delivery.",
    fields: { parts: "How many messages it took.", attempts: "How many attempts they took together." },
  },
  "channel.reply_filtered": {
    meaning:
      "Something was taken out of an answer before it left: what looks like a secret, or links that the channel does not allow.",
    target: "Id of the delivery.",
    fields: { secrets: "How many things that look like secrets.", links: "How many links." },
  },
} as const satisfies Record<string, EventText>;

/**
 * Proven bodies of Slack in our words: Events API and slash commands.
 * Sources: https://docs.slack.dev/apis/events-api, https://docs.slack.dev/reference/events/message,
 * https://docs.slack.dev/interactivity/implementing-slash-commands
 */
import { z } from "zod";
import type { Reading } from "#server/channels/adapter.ts";
import { ownAddress } from "#server/channels/adapters/base-url.ts";
import { plainText, withoutMention } from "#server/channels/adapters/slack-text.ts";
import {
  byteCount,
  clip,
  kindOf,
  malformed,
  MAX_TEXT,
  mediaTypeOf,
  nothing,
  platformId,
  readJson,
  readText,
  shownName,
  TAKEN,
} from "#server/channels/adapters/wire.ts";
import type { InboundAttachment, InboundEvent } from "#server/channels/schema.ts";

const text = z.string().max(MAX_TEXT).nullish();

const Challenge = z.object({ type: z.literal("url_verification"), challenge: z.string().min(1).max(2048) });

const Files = z
  .array(
    z
      .object({
        name: z.string().nullish(),
        mimetype: z.string().nullish(),
        size: byteCount,
        url_private: z.string().max(2048).nullish(),
        url_private_download: z.string().max(2048).nullish(),
      })
      .nullable()
      .catch(null),
  )
  .nullish()
  .catch(null);

/** Who wrote something: people have `user`; apps have `bot_id`, often with a `user` of their own. */
const author = { user: platformId.nullish(), bot_id: z.string().nullish() };

const Message = z.object({
  ...author,
  type: z.enum(["message", "app_mention"]),
  subtype: z.string().nullish(),
  channel: platformId,
  channel_type: z.string().nullish(),
  text,
  ts: platformId.nullish(),
  thread_ts: platformId.nullish(),
  files: Files,
  message: z.object({ ...author, ts: platformId.nullish() }).nullish(),
  previous_message: z.object({ ...author, ts: platformId.nullish() }).nullish(),
});
type Message = z.infer<typeof Message>;

const Reaction = z.object({
  type: z.enum(["reaction_added", "reaction_removed"]),
  user: platformId,
  item: z.object({ channel: platformId, ts: platformId }),
});

const Callback = z.object({
  type: z.literal("event_callback"),
  event_id: platformId,
  authorizations: z
    .array(z.object({ user_id: platformId, is_bot: z.boolean().nullish() }))
    .nullish()
    .catch(null),
  event: z.looseObject({ type: z.string() }),
});
type Callback = z.infer<typeof Callback>;

const Command = z.object({
  command: z.string().regex(/^\/[^\s/]{1,100}$/),
  text: z.string().max(MAX_TEXT),
  trigger_id: platformId,
  user_id: platformId,
  user_name: z.string().nullish(),
  channel_id: platformId,
  response_url: z.string().max(2048).nullish(),
});

/** A file comes as one subtype, an answer in a thread that is also shown outside it as another; all others are not what a person wrote now. */
const WRITTEN = new Set<string | null | undefined>([undefined, null, "file_share", "thread_broadcast"]);
const SLACKBOT = "USLACKBOT";

/**
 * JSON or a form is told by the signed bytes and not by the content type, which nobody signs: a message that holds the text of a form
 * stays a message.
 * @param ownOrigins where a response address may lead
 */
export function readSlack(body: Buffer, ownOrigins: readonly string[]): Reading {
  return body.subarray(0, 1).toString() === "{" ? readEnvelope(body) : readForm(body, ownOrigins);
}

function readEnvelope(body: Buffer): Reading {
  const envelope = readJson(body);
  const challenge = Challenge.safeParse(envelope);
  if (challenge.success) {
    return { kind: "challenge", answer: { ...TAKEN, body: challenge.data.challenge } };
  }
  const callback = Callback.safeParse(envelope);
  if (!callback.success) {
    return malformed("the body is neither an event nor a challenge of Slack's Events API");
  }
  const event = eventOf(callback.data);
  return event === undefined
    ? malformed("the event is not of the form that Slack documents")
    : { kind: "events", events: event === null ? [] : [event], answer: TAKEN };
}

/** Null: nobody we could answer wrote it, or it was not for us. Undefined: it is not of its documented form. */
function eventOf(callback: Callback): InboundEvent | null | undefined {
  switch (callback.event.type) {
    case "message":
    case "app_mention": {
      const message = Message.safeParse(callback.event);
      return message.success ? messageEvent(callback, message.data) : undefined;
    }
    case "reaction_added":
    case "reaction_removed": {
      const reaction = Reaction.safeParse(callback.event);
      // A reaction to a file has no channel; it is nothing to us either.
      return reaction.success
        ? eventWith(callback, reaction.data.item.channel, {
            kind: "reaction",
            senderId: reaction.data.user,
            messageId: reaction.data.item.ts,
          })
        : null;
    }
    default:
      return null;
  }
}

function messageEvent(callback: Callback, message: Message): InboundEvent | null {
  const { channel, subtype } = message;
  const isDirect = message.channel_type === "im";
  if (message.type === "message" && !isDirect) {
    // What people write to each other; a mention of the app comes as `app_mention`.
    return null;
  }
  if (!WRITTEN.has(subtype)) {
    const about = message.message ?? message.previous_message ?? message;
    return isPerson(about)
      ? eventWith(callback, channel, {
          kind: subtype === "message_changed" ? "edit" : "other",
          senderId: about.user,
          messageId: about.ts ?? null,
          isDirect,
        })
      : null;
  }
  if (!isPerson(message)) {
    return null;
  }
  const written = message.text ?? "";
  const text = plainText(message.type === "app_mention" ? withoutMention(written, botUserOf(callback)) : written);
  return eventWith(callback, channel, {
    kind: kindOf(text),
    senderId: message.user,
    isDirect,
    threadId: message.thread_ts ?? null,
    messageId: message.ts ?? null,
    text: text.toWellFormed(),
    attachments: attachmentsOf(message),
    sentAt: millisecondsOf(message.ts),
  });
}

/** False for what an app or Slack itself wrote: a bot that answers bots never ends. */
function isPerson<Author extends { user?: string | null | undefined; bot_id?: string | null | undefined }>(
  written: Author,
): written is Author & { user: string } {
  return typeof written.user === "string" && written.user !== SLACKBOT && (written.bot_id ?? "") === "";
}

function botUserOf({ authorizations }: Callback): string | null {
  return authorizations?.find(({ is_bot: isBot }) => isBot === true)?.user_id ?? null;
}

function eventWith(
  callback: Callback,
  conversationId: string,
  given: Pick<InboundEvent, "kind" | "senderId" | "messageId"> & Partial<InboundEvent>,
): InboundEvent {
  return {
    eventId: callback.event_id,
    senderName: null,
    isBot: false,
    conversationId,
    isDirect: conversationId.startsWith("D"),
    threadId: null,
    text: "",
    attachments: [],
    sentAt: null,
    replyHandle: null,
    ...given,
  };
}

function attachmentsOf({ files }: Message): InboundAttachment[] {
  return (files ?? []).slice(0, 32).flatMap((file) => {
    const reference = file?.url_private_download ?? file?.url_private;
    return file === null || reference === undefined || reference === null
      ? []
      : [
          {
            reference,
            name: clip(file.name ?? "file", 255),
            bytes: file.size ?? null,
            mediaType: mediaTypeOf(file.mimetype),
          },
        ];
  });
}

/** A timestamp of Slack is seconds with six decimals, and names the message too. */
function millisecondsOf(ts: string | null | undefined): number | null {
  return typeof ts === "string" && /^\d{1,12}\.\d{1,6}$/.test(ts) ? Math.floor(Number(ts) * 1000) : null;
}

/** Slash commands; buttons and dialogues come as a form too, with `payload`, and are not acted on. */
function readForm(body: Buffer, ownOrigins: readonly string[]): Reading {
  const form = readText(body);
  if (form === undefined) {
    return malformed("the body is not in UTF-8");
  }
  const fields = new URLSearchParams(form);
  if (fields.has("payload") || fields.has("ssl_check")) {
    return nothing();
  }
  const command = Command.safeParse(Object.fromEntries(fields));
  if (!command.success) {
    return malformed("the body is no slash command of Slack: command, trigger_id, user_id or channel_id is missing");
  }
  const {
    command: name,
    text: args,
    trigger_id: eventId,
    user_id: senderId,
    user_name: userName,
    channel_id,
  } = command.data;
  const responseUrl = command.data.response_url ?? null;
  return {
    kind: "events",
    answer: TAKEN,
    events: [
      {
        kind: "command",
        eventId,
        senderId,
        senderName: shownName(userName),
        isBot: false,
        conversationId: channel_id,
        isDirect: channel_id.startsWith("D"),
        threadId: null,
        messageId: null,
        text: plainText(`${name} ${args}`).trimEnd().toWellFormed(),
        attachments: [],
        sentAt: null,
        replyHandle: responseUrl !== null && ownAddress(responseUrl, ownOrigins) !== null ? responseUrl : null,
      },
    ],
  };
}

/**
 * Updates of Telegram's Bot API in our words. Pure. Source: https://core.telegram.org/bots/api#update
 * In groups only what is addressed to the bot is read at all: a mention, a command with the bot's name, a reply to it. The rest is nobody's
 * business here, and is not even stored.
 */
import { z } from "zod";
import { clip, kindOf, MAX_TEXT, mediaTypeOf, shownName } from "#server/channels/adapters/wire.ts";
import type { InboundAttachment, InboundEvent } from "#server/channels/schema.ts";

const User = z.object({
  id: z.int(),
  is_bot: z.boolean(),
  first_name: z.string().optional(),
  username: z.string().optional(),
});
const Entity = z.object({ type: z.string(), offset: z.int().min(0), length: z.int().min(0), user: User.optional() });
const File = z.object({
  file_id: z.string().min(1),
  file_name: z.string().optional(),
  mime_type: z.string().optional(),
  file_size: z.int().min(0).optional(),
});
const Message = z.object({
  message_id: z.int(),
  date: z.int(),
  from: User.optional(),
  chat: z.object({ id: z.int(), type: z.string() }),
  message_thread_id: z.int().optional(),
  is_topic_message: z.boolean().optional(),
  text: z.string().max(MAX_TEXT).optional(),
  caption: z.string().max(MAX_TEXT).optional(),
  entities: z.array(Entity).optional(),
  caption_entities: z.array(Entity).optional(),
  reply_to_message: z.object({ from: User.optional() }).optional(),
  photo: z.array(File).optional(),
  document: File.optional(),
  audio: File.optional(),
  video: File.optional(),
  voice: File.optional(),
  animation: File.optional(),
});
type Message = z.infer<typeof Message>;

/** Members that are not listed are left alone: the API grows. */
export const Update = z.object({
  update_id: z.int(),
  message: Message.optional(),
  edited_message: Message.optional(),
  channel_post: Message.optional(),
  edited_channel_post: Message.optional(),
  callback_query: z.object({ from: User, message: Message.partial().optional() }).optional(),
  message_reaction: z
    .object({ user: User.optional(), chat: z.object({ id: z.int(), type: z.string() }), message_id: z.int() })
    .optional(),
});
export type Update = z.infer<typeof Update>;

/** Who the bot is; `username` is null until the platform was asked. */
export interface Bot {
  id: number;
  username: string | null;
}

export function eventsOf(update: Update, bot: Bot): InboundEvent[] {
  const eventId = `update:${update.update_id}`;
  if (update.message !== undefined) {
    return messageEvents(eventId, update.message, bot);
  }
  const edited = update.edited_message ?? update.edited_channel_post;
  if (edited?.from !== undefined) {
    return [{ ...bare(eventId, edited.from, edited.chat), kind: "edit", messageId: String(edited.message_id) }];
  }
  const { callback_query: callback, message_reaction: reaction } = update;
  if (callback !== undefined) {
    const chat = callback.message?.chat ?? { id: callback.from.id, type: "private" };
    return [{ ...bare(eventId, callback.from, chat), kind: "other" }];
  }
  if (reaction?.user !== undefined) {
    return [
      { ...bare(eventId, reaction.user, reaction.chat), kind: "reaction", messageId: String(reaction.message_id) },
    ];
  }
  return [];
}

type Sender = z.infer<typeof User>;

/** An event without content. */
function bare(eventId: string, from: Sender, chat: { id: number; type: string }): InboundEvent {
  return {
    kind: "other",
    eventId,
    senderId: String(from.id),
    senderName: shownName(from.username ?? from.first_name),
    isBot: from.is_bot,
    conversationId: String(chat.id),
    isDirect: chat.type === "private",
    threadId: null,
    messageId: null,
    text: "",
    attachments: [],
    sentAt: null,
    replyHandle: null,
  };
}

function messageEvents(eventId: string, message: Message, bot: Bot): InboundEvent[] {
  const { from } = message;
  if (from === undefined) {
    return [];
  }
  const written = message.text ?? message.caption ?? "";
  const isDirect = message.chat.type === "private";
  const text = isDirect ? written : addressedText(message, written, bot);
  if (text === null) {
    return [];
  }
  return [
    {
      ...bare(eventId, from, message.chat),
      kind: kindOf(text),
      threadId:
        message.is_topic_message === true && message.message_thread_id !== undefined
          ? String(message.message_thread_id)
          : null,
      messageId: String(message.message_id),
      text,
      attachments: attachmentsOf(message),
      sentAt: message.date * 1000,
    },
  ];
}

/** What was said to the bot in a group, without its name; null = it was not addressed. Offsets count UTF-16 units. */
function addressedText(message: Message, text: string, bot: Bot): string | null {
  const entities = message.entities ?? message.caption_entities ?? [];
  const name = bot.username === null ? null : `@${bot.username.toLowerCase()}`;
  for (const { type, offset, length, user } of entities) {
    const part = text.slice(offset, offset + length).toLowerCase();
    if (type === "bot_command" && offset === 0 && part.includes("@")) {
      // Somebody else's command is not ours, whatever else the message mentions.
      return name !== null && part.endsWith(name) ? text : null;
    }
    if ((type === "mention" && part === name) || (type === "text_mention" && user?.id === bot.id)) {
      return `${text.slice(0, offset)}${text.slice(offset + length)}`.trim();
    }
  }
  return message.reply_to_message?.from?.id === bot.id ? text : null;
}

const KINDS = ["document", "audio", "video", "voice", "animation"] as const;

function attachmentsOf(message: Message): InboundAttachment[] {
  const attachments: InboundAttachment[] = [];
  // The sizes of one picture: the last is the largest.
  const photo = message.photo?.at(-1);
  if (photo !== undefined) {
    attachments.push(attachment(photo, "photo.jpg"));
  }
  // An animation comes as a document too.
  const kinds = message.animation === undefined ? KINDS : KINDS.filter((kind) => kind !== "document");
  for (const kind of kinds) {
    const file = message[kind];
    if (file !== undefined) {
      attachments.push(attachment(file, kind));
    }
  }
  return attachments;
}

const attachment = (file: z.infer<typeof File>, fallback: string): InboundAttachment => ({
  reference: file.file_id.slice(0, 2048),
  name: clip(file.file_name ?? fallback, 255),
  bytes: file.file_size ?? null,
  mediaType: mediaTypeOf(file.mime_type),
});

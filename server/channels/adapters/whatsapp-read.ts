/**
 * Proven deliveries of the WhatsApp Cloud API in our words. One holds the messages of several people; each is read by itself.
 * Sources: https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages,
 * https://developers.facebook.com/documentation/business-messaging/whatsapp/business-scoped-user-ids
 */
import { z } from "zod";
import type { Reading } from "#server/channels/adapter.ts";
import {
  clip,
  kindOf,
  malformed,
  MAX_TEXT,
  mediaTypeOf,
  platformId,
  readJson,
  shownName,
  TAKEN,
} from "#server/channels/adapters/wire.ts";
import type { InboundAttachment, InboundEvent } from "#server/channels/schema.ts";

const Delivery = z.object({
  object: z.literal("whatsapp_business_account"),
  entry: z.array(z.object({ changes: z.array(z.object({ field: z.string(), value: z.unknown() })) })),
});

const Value = z.object({
  metadata: z.object({ phone_number_id: platformId }),
  contacts: z
    .array(
      z
        .object({
          profile: z.object({ name: z.string().nullish() }).nullish(),
          wa_id: z.string().nullish(),
          user_id: z.string().nullish(),
        })
        .nullable()
        .catch(null),
    )
    .nullish()
    .catch(null),
  messages: z.array(z.unknown()).nullish(),
});
type Contacts = z.infer<typeof Value>["contacts"];

/** Who uses a name instead of a number has no `from`, but an id that holds for this business alone. */
const Message = z.object({
  id: z.string().regex(/^[!-~]{1,256}$/),
  from: platformId.nullish(),
  from_user_id: platformId.nullish(),
  group_id: platformId.nullish(),
  timestamp: z.string().nullish(),
  type: z.string(),
});
type Message = z.infer<typeof Message>;

const text = z.string().max(MAX_TEXT);
const Media = z.object({
  id: platformId,
  mime_type: z.string().nullish(),
  filename: z.string().nullish(),
  caption: text.nullish(),
});
const Title = z.object({ title: text });

/** What a person wrote, by the type of the message. */
const Written = z.discriminatedUnion("type", [
  z.object({ type: z.literal("text"), text: z.object({ body: text }) }),
  z.object({ type: z.literal("button"), button: z.object({ text }) }),
  z.object({
    type: z.literal("interactive"),
    interactive: z.discriminatedUnion("type", [
      z.object({ type: z.literal("button_reply"), button_reply: Title }),
      z.object({ type: z.literal("list_reply"), list_reply: Title }),
    ]),
  }),
  z.object({ type: z.literal("image"), image: Media }),
  z.object({ type: z.literal("document"), document: Media }),
  z.object({ type: z.literal("audio"), audio: Media }),
  z.object({ type: z.literal("video"), video: Media }),
  z.object({ type: z.literal("sticker"), sticker: Media }),
]);
type Written = z.infer<typeof Written>;

/** Endings of the kinds that have no name of their own. */
const ENDINGS: ReadonlyMap<string, string> = new Map([
  ["image/jpeg", ".jpg"],
  ["image/png", ".png"],
  ["image/webp", ".webp"],
  ["audio/ogg", ".ogg"],
  ["audio/mpeg", ".mp3"],
  ["audio/aac", ".aac"],
  ["audio/mp4", ".m4a"],
  ["video/mp4", ".mp4"],
  ["application/pdf", ".pdf"],
  ["text/plain", ".txt"],
]);

/** @param phoneNumberId the number of this channel: an app may have others, and their messages are not ours */
export function readWhatsapp(body: Buffer, phoneNumberId: string): Reading {
  const delivery = Delivery.safeParse(readJson(body));
  if (!delivery.success) {
    return malformed("the body is no delivery of a WhatsApp Business account");
  }
  const changes = delivery.data.entry.flatMap((entry) => entry.changes).filter(({ field }) => field === "messages");
  const events = changes.flatMap(({ value }) => eventsOf(value, phoneNumberId));
  return { kind: "events", events, answer: TAKEN };
}

/** Reports on what we sent (`statuses`) are not read. */
function eventsOf(value: unknown, phoneNumberId: string): InboundEvent[] {
  const parsed = Value.safeParse(value);
  if (!parsed.success || parsed.data.metadata.phone_number_id !== phoneNumberId) {
    return [];
  }
  const { contacts, messages } = parsed.data;
  return (messages ?? []).flatMap((given) => {
    const message = Message.safeParse(given);
    const senderId = message.data?.from ?? message.data?.from_user_id;
    return message.success && typeof senderId === "string" ? [eventOf(message.data, senderId, given, contacts)] : [];
  });
}

function eventOf(message: Message, senderId: string, given: unknown, contacts: Contacts): InboundEvent {
  const { id, type } = message;
  const groupId = message.group_id ?? null;
  const bare: InboundEvent = {
    kind: type === "reaction" ? "reaction" : type === "edit" ? "edit" : "other",
    eventId: id,
    senderId,
    senderName: nameOf(contacts, senderId),
    isBot: false,
    conversationId: groupId ?? senderId,
    isDirect: groupId === null,
    threadId: null,
    messageId: id.length <= 200 ? id : null,
    text: "",
    attachments: [],
    sentAt: sentAtOf(message.timestamp),
    replyHandle: null,
  };
  const written = Written.safeParse(given);
  // In a group nothing says that a message is meant for us.
  if (!written.success || groupId !== null) {
    return bare;
  }
  const { text: body, attachment } = contentOf(written.data);
  const attachments = attachment === null ? [] : [attachment];
  return { ...bare, kind: kindOf(body), text: body.toWellFormed(), attachments };
}

function contentOf(written: Written): { text: string; attachment: InboundAttachment | null } {
  switch (written.type) {
    case "text":
      return { text: written.text.body, attachment: null };
    case "button":
      return { text: written.button.text, attachment: null };
    case "interactive": {
      const { interactive } = written;
      const { title } = interactive.type === "button_reply" ? interactive.button_reply : interactive.list_reply;
      return { text: title, attachment: null };
    }
    case "image":
      return withFile("image", written.image);
    case "document":
      return withFile("document", written.document);
    case "audio":
      return withFile("audio", written.audio);
    case "video":
      return withFile("video", written.video);
    case "sticker":
      return withFile("sticker", written.sticker);
  }
}

function withFile(kind: string, media: z.infer<typeof Media>): { text: string; attachment: InboundAttachment } {
  const mediaType = mediaTypeOf(media.mime_type);
  const ending = ENDINGS.get((mediaType ?? "").split(";")[0]?.trim().toLowerCase() ?? "") ?? "";
  const name = clip(media.filename ?? `${kind}${ending}`, 255);
  return { text: media.caption ?? "", attachment: { reference: media.id, name, bytes: null, mediaType } };
}

function nameOf(contacts: Contacts, senderId: string): string | null {
  const contact = (contacts ?? []).find((known) => known?.wa_id === senderId || known?.user_id === senderId);
  return shownName(contact?.profile?.name);
}

/** Text of whole seconds since 1970. */
function sentAtOf(timestamp: string | null | undefined): number | null {
  return typeof timestamp === "string" && /^\d{1,12}$/.test(timestamp) ? Number(timestamp) * 1000 : null;
}

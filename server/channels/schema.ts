/** Words of messaging channels: connections to platforms, what comes in, what goes out. Browser-safe. */
import { z } from "zod";

/** The platforms that are spoken; `webhook` is anybody who signs what he sends. */
export const CHANNEL_TYPES = ["telegram", "slack", "whatsapp", "discord", "webhook"] as const;
export type ChannelType = (typeof CHANNEL_TYPES)[number];

/** How a generic webhook is signed. */
export const WEBHOOK_SCHEMES = ["standard", "github", "stripe"] as const;
export type WebhookScheme = (typeof WEBHOOK_SCHEMES)[number];

/**
 * Life of a delivery: `accepted` is durable and not looked at yet; the others are final but `working` and `replying`.
 * `answered`: every part of the reply was taken by the platform. `refused`: the policy, a limit or pairing said no, and the sender was told.
 * `failed`: visible in the delivery log with its reason; nothing is tried again by itself.
 */
export const DELIVERY_STATES = ["accepted", "working", "replying", "answered", "refused", "ignored", "failed"] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

/** A file that came with a message, as the platform names it; its bytes are fetched later, through the file-system policy. */
export const InboundAttachment = z.strictObject({
  /** The platform's handle: an id or an address of its own host. */
  reference: z.string().max(2048),
  name: z.string().max(255),
  bytes: z.int().min(0).nullable(),
  mediaType: z.string().max(255).nullable(),
});
export type InboundAttachment = z.infer<typeof InboundAttachment>;

/** What can happen on a platform. Everything but `message` and `command` is noted and never acted on. */
export const EVENT_KINDS = ["message", "command", "edit", "reaction", "other"] as const;

/** One event of a platform in our words: the only thing that is acted on. */
export const InboundEvent = z.strictObject({
  kind: z.enum(EVENT_KINDS),
  /** The platform's own id of the event; the same again is a duplicate. */
  eventId: z.string().min(1).max(256),
  /** Immutable id of the sender, never a name. */
  senderId: z.string().min(1).max(200),
  /** A name to show. Never compared with anything. */
  senderName: z.string().max(200).nullable(),
  isBot: z.boolean(),
  /** Where it was written: a chat, a channel, a number. Replies go there. */
  conversationId: z.string().min(1).max(200),
  /** A direct conversation between the sender and the bot. */
  isDirect: z.boolean(),
  /** Thread or topic within the conversation; null = none. */
  threadId: z.string().max(200).nullable(),
  /** The platform's id of the message, to reply to. */
  messageId: z.string().max(200).nullable(),
  text: z.string().max(200_000),
  attachments: z.array(InboundAttachment).max(32),
  /** When the platform says it was sent, milliseconds since 1970; null = it does not say. */
  sentAt: z.number().nullable(),
  /** What the adapter needs to reply and nothing else can use: Discord's interaction token, Slack's response address. */
  replyHandle: z.string().max(2048).nullable(),
});
export type InboundEvent = z.infer<typeof InboundEvent>;

/** Where a reply goes. */
export interface ReplyTarget extends Pick<
  InboundEvent,
  "conversationId" | "threadId" | "messageId" | "replyHandle" | "isDirect"
> {
  /** Since when the platform counts the life of `replyHandle`, milliseconds since 1970. */
  handleSince: number;
}

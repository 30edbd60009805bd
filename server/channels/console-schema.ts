/** Connections and deliveries as the console shows them. Browser-safe. */
import { z } from "zod";
import { CHANNEL_TYPES, DELIVERY_STATES, EVENT_KINDS } from "#server/channels/schema.ts";

export const NamedConnection = z.strictObject({ channel: z.string().min(1).max(64) });

const Setting = z.union([z.string(), z.boolean(), z.array(z.string())]);

const Connection = z.object({
  channel: z.string(),
  type: z.enum(CHANNEL_TYPES),
  /** The file's can be changed there only. */
  source: z.enum(["file", "database"]),
  /** `off`: switched off. `not_configured`: see `problem`; every delivery is refused. */
  state: z.enum(["on", "off", "not_configured"]),
  problem: z.string().nullable(),
  settings: z.record(z.string(), Setting),
  /** Names of the secrets that are set. */
  secrets: z.array(z.string()),
  /** Where the platform is to deliver to: path on this server. */
  hookPath: z.string(),
});
export type ConnectionRow = z.output<typeof Connection>;

export const ConnectionList = z.object({
  connections: z.array(Connection),
  configFile: z.string(),
});

export const SavedConnection = z.object({ channel: z.string(), created: z.boolean() });
export const ProbeResult = z.union([
  z.object({ ok: z.literal(true), account: z.string() }),
  z.object({ ok: z.literal(false), reason: z.string() }),
]);
export const SendTest = z.strictObject({
  channel: z.string().min(1).max(64),
  conversation: z.string().trim().min(1, "must be the id of a conversation on the platform").max(200),
});
export const TestSent = z.union([
  z.object({ ok: z.literal(true) }),
  z.object({ ok: z.literal(false), reason: z.string() }),
]);

export const DeliveryFilter = z.strictObject({
  channel: z.string().min(1).max(64).optional(),
  state: z.enum(DELIVERY_STATES).optional(),
  sender: z.string().min(1).max(200).optional(),
  cursor: z.string().max(100).optional(),
  limit: z.int().min(1).max(200).default(50),
});
export type DeliveryFilter = z.output<typeof DeliveryFilter>;

const Delivery = z.object({
  id: z.string(),
  channel: z.string(),
  kind: z.enum(EVENT_KINDS),
  senderId: z.string(),
  conversationId: z.string(),
  state: z.enum(DELIVERY_STATES),
  /** Code: why it was refused, ignored or failed. */
  reason: z.string().nullable(),
  userId: z.string().nullable(),
  runId: z.string().nullable(),
  requestId: z.string(),
  /** Times it was taken up. */
  attempt: z.number(),
  acceptedAt: z.date(),
  finishedAt: z.date().nullable(),
});
export type DeliveryRow = z.output<typeof Delivery>;
export const DeliveryPage = z.object({ deliveries: z.array(Delivery), nextCursor: z.string().nullable() });
export type DeliveryPage = z.output<typeof DeliveryPage>;

export const DeliveryId = z.strictObject({ id: z.string().min(1).max(64) });
export const DeliveryDetail = Delivery.extend({
  eventId: z.string(),
  replies: z.array(
    z.object({
      id: z.string(),
      /** From 1. */
      part: z.number(),
      state: z.enum(["pending", "sending", "sent", "failed"]),
      attempts: z.number(),
      reason: z.string().nullable(),
      sentAt: z.date().nullable(),
      nextAttemptAt: z.date(),
    }),
  ),
});
export type DeliveryDetail = z.output<typeof DeliveryDetail>;

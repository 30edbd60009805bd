import type { DeliveryState } from "#server/channels/schema.ts";

/** In the order of a delivery's life. Written again here: the schema would bring its library into the page. */
export const STATES = [
  "accepted",
  "working",
  "replying",
  "answered",
  "refused",
  "ignored",
  "failed",
] as const satisfies readonly DeliveryState[];

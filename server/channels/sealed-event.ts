/** Events and replies as they are stored: sealed, and bound to their row. */
import { InboundEvent } from "#server/channels/schema.ts";
import type { Keyring } from "#server/core/crypto/keyring/index.ts";
import { openValue, sealValue } from "#server/core/crypto/vault.ts";

const eventContext = (id: string): string => `channel_delivery|event|${id}`;
const replyContext = (id: string): string => `channel_reply|body|${id}`;

export const sealEvent = (keyring: Keyring, id: string, event: InboundEvent): Buffer =>
  sealValue(keyring, "messages", Buffer.from(JSON.stringify(event)), eventContext(id));

/** @throws AppError CANNOT_DECRYPT */
export const openEvent = (keyring: Keyring, id: string, sealed: Uint8Array): InboundEvent =>
  InboundEvent.parse(JSON.parse(openValue(keyring, "messages", sealed, eventContext(id)).toString("utf8")));

export const sealReply = (keyring: Keyring, id: string, text: string): Buffer =>
  sealValue(keyring, "messages", Buffer.from(text), replyContext(id));

/** @throws AppError CANNOT_DECRYPT */
export const openReply = (keyring: Keyring, id: string, sealed: Uint8Array): string =>
  openValue(keyring, "messages", sealed, replyContext(id)).toString("utf8");

/** Every platform that is spoken. */
import type { AdapterFactory, ChannelAdapter, ResolvedConnection } from "#server/channels/adapter.ts";
import { createDiscord } from "#server/channels/adapters/discord.ts";
import { createSlack } from "#server/channels/adapters/slack.ts";
import { createTelegram } from "#server/channels/adapters/telegram.ts";
import { createWebhook } from "#server/channels/adapters/webhook.ts";
import { createWhatsapp } from "#server/channels/adapters/whatsapp.ts";
import type { ChannelType } from "#server/channels/schema.ts";

const FACTORIES: Record<ChannelType, AdapterFactory> = {
  telegram: createTelegram,
  slack: createSlack,
  whatsapp: createWhatsapp,
  discord: createDiscord,
  webhook: createWebhook,
};

/** @throws AppError NOT_CONFIGURED that names the key that is missing or blank */
export function createAdapter(connection: ResolvedConnection): ChannelAdapter {
  return FACTORIES[connection.type](connection);
}

/** Every platform that is spoken. */
import type { AdapterFactory, ChannelAdapter, ResolvedConnection } from "#server/channels/adapter.ts";
import { createTelegram } from "#server/channels/adapters/telegram.ts";
import { createWebhook } from "#server/channels/adapters/webhook.ts";
import type { ChannelType } from "#server/channels/schema.ts";
import { AppError } from "#server/core/errors.ts";

const FACTORIES: Partial<Record<ChannelType, AdapterFactory>> = {
  telegram: createTelegram,
  webhook: createWebhook,
};

/** @throws AppError NOT_CONFIGURED that names the key that is missing or blank */
export function createAdapter(connection: ResolvedConnection): ChannelAdapter {
  const factory = FACTORIES[connection.type];
  if (factory === undefined) {
    throw new AppError(
      "NOT_CONFIGURED",
      `channels.${connection.channel}.connection.type: "${connection.type}" is not spoken by this version.`,
    );
  }
  return factory(connection);
}

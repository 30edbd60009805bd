/** A connection as its adapter gets it, and the adapters of its secrets from before a rotation. */
import type { ResolvedConnection } from "#server/channels/adapter.ts";
import { createAdapter } from "#server/channels/adapters/index.ts";
import { isSecret } from "#server/channels/connection-rows.ts";
import type { EarlierAdapter } from "#server/channels/graced-adapter.ts";
import type { GracedSecret } from "#server/channels/graced-secrets.ts";
import type { ConfigStore, ConnectionConfig } from "#server/config/index.ts";

/** One that cannot be made believes nobody. */
export function earlierAdapters(resolved: ResolvedConnection, graced: readonly GracedSecret[]): EarlierAdapter[] {
  return graced.flatMap(({ key, value, until }) => {
    try {
      return [{ adapter: createAdapter({ ...resolved, [key]: value }), until }];
    } catch {
      return [];
    }
  });
}

/** References filled in, seals opened. @throws AppError NOT_CONFIGURED, CANNOT_DECRYPT naming the key */
export function resolveConnection(
  config: Pick<ConfigStore, "secret">,
  channel: string,
  { enabled: _, unknownSenders: __, role: ___, allowedLinks: ____, ...connection }: ConnectionConfig,
): ResolvedConnection {
  const resolved = Object.fromEntries(
    Object.entries(connection).map(([key, value]) => [
      key,
      isSecret(key) && typeof value === "string"
        ? config.secret(`channels.${channel}.connection.${key}`, value)
        : value,
    ]),
  );
  return { ...connection, ...resolved, channel };
}

/** Which private addresses a configuration opens to outgoing connections. Pure. */
import { privateAllowance, type AllowsPrivate } from "#server/core/net/outbound-policy.ts";
import type { Config } from "#server/config/schema.ts";

/** The part of the configuration that is read here. */
type OutboundConfig = Pick<Config, "models" | "channels"> & {
  security: Pick<Config["security"], "outbound" | "monitoring">;
};

/** Settings of the file that are addresses to connect to, with their path. The anchor's is a secret and judged where it is used. */
export function outboundUrls({
  models,
  channels,
  security,
}: Omit<OutboundConfig, "security"> & { security: Pick<Config["security"], "monitoring"> }): [
  path: string[],
  url: string,
][] {
  const providers = Object.entries(models.providers).map(([name, { baseUrl }]) => ({
    path: ["models", "providers", name, "baseUrl"],
    url: baseUrl,
  }));
  const connections = Object.entries(channels).flatMap(([name, { connection }]) =>
    (["apiBase", "replyUrl"] as const).map((key) => ({
      path: ["channels", name, "connection", key],
      url: connection?.[key],
    })),
  );
  const telemetry = {
    path: ["security", "monitoring", "telemetry", "endpoint"],
    url: security.monitoring.telemetry.endpoint,
  };
  return [...providers, ...connections, telemetry].flatMap(({ path, url }): [string[], string][] =>
    url === undefined ? [] : [[path, url]],
  );
}

/**
 * Asks the configuration in force each time. What is read from a configuration is kept as long as it stays the same object.
 * @param current the configuration in force
 */
export function configuredAllowance(current: () => OutboundConfig): AllowsPrivate {
  let read: { config: OutboundConfig; allows: AllowsPrivate } | null = null;
  return (host, port, address) => {
    const config = current();
    if (read?.config !== config) {
      const urls = outboundUrls(config).map(([, url]) => url);
      read = { config, allows: privateAllowance(config.security.outbound.allowedPrivate, urls) };
    }
    return read.allows(host, port, address);
  };
}

/** Secrets that the configuration holds and that no reply may contain, whatever they look like. */
import type { ConfigStore } from "#server/config/index.ts";

/** Those that can be resolved now. */
export function knownSecrets(config: Pick<ConfigStore, "current" | "secret">): string[] {
  const { gateway, models, security } = config.current().config;
  const written: [string, string | undefined][] = [
    ["gateway.token", gateway.token],
    ...Object.entries(security.apiKeys).map(([name, key]): [string, string | undefined] => [
      `security.apiKeys.${name}`,
      key,
    ]),
    ...Object.entries(models.providers).map(([name, { apiKey }]): [string, string | undefined] => [
      `models.providers.${name}.apiKey`,
      apiKey,
    ]),
  ];
  return written.flatMap(([path, value]) => {
    try {
      return value === undefined ? [] : [config.secret(path, value)];
    } catch {
      // What cannot be resolved here cannot leave from here.
      return [];
    }
  });
}

/**
 * The connection to a provider. Its own key goes into its own header; of the program's headers only a few pass, and of the provider's.
 * Threats: a key that leaves in an error, a program that steers the request to another host, a redirect that does.
 */
import type { IncomingHttpHeaders } from "node:http";
import type { Dispatcher } from "undici";
import { configuredAllowance, type ConfigStore } from "#server/config/index.ts";
import { openOutgoing, type Outgoing } from "#server/core/net/outgoing.ts";
import type { Provider } from "#server/models/policy.ts";

const PASSED_ON = ["accept", "anthropic-version", "anthropic-beta", "openai-beta"] as const;
const PASSED_BACK =
  /^(?:content-type|retry-after|retry-after-ms|x-should-retry|request-id|x-request-id|(?:anthropic|x)-ratelimit-[a-z0-9-]+)$/;

export type ProviderAnswer = Dispatcher.ResponseData;

/** All connections to providers of this process. Nothing here follows a redirect, undoes a compression or waits for the whole body. */
export const openProviders = (config: Pick<ConfigStore, "current">): Outgoing =>
  openOutgoing({ allowsPrivate: configuredAllowance(() => config.current().config), idleMs: 0 });

/** The provider's key, decrypted and with its references filled in; null = it has none. @throws AppError as `ConfigStore.secret` does. */
export const keyOf = (config: Pick<ConfigStore, "secret">, { key }: Provider): string | null =>
  key === null ? null : config.secret(key.path, key.written);

/** Sends `body` to the provider; resolves with the head of its answer. */
export async function callProvider(
  agent: Dispatcher,
  to: { provider: Provider; path: string; key: string | null },
  headers: IncomingHttpHeaders,
  body: string,
  signal: AbortSignal,
): Promise<ProviderAnswer> {
  const { origin, pathname } = new URL(to.provider.baseUrl + to.path);
  return agent.request({
    origin,
    path: pathname,
    method: "POST",
    headers: {
      ...Object.fromEntries(PASSED_ON.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]]))),
      ...authentication(to.provider, to.key),
      "content-type": "application/json",
      // What passes is read on its way.
      "accept-encoding": "identity",
    },
    body,
    signal,
  });
}

function authentication({ type }: Provider, key: string | null): Record<string, string> {
  if (key === null) {
    return {};
  }
  return type === "anthropic" ? { "x-api-key": key } : { authorization: `Bearer ${key}` };
}

/** The headers of an answer that the program gets. */
export function headersBack(headers: IncomingHttpHeaders): Record<string, string | string[]> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value !== undefined && PASSED_BACK.test(name) ? [[name, value]] : [],
    ),
  );
}

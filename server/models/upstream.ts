/**
 * The connection to a provider. Its own key goes into its own header; of the program's headers only a few pass, and of the provider's.
 * Threats: a key that leaves in an error, a program that steers the request to another host, a redirect that does.
 */
import type { IncomingHttpHeaders } from "node:http";
import type { Dispatcher } from "undici";
import { configuredAllowance, type ConfigStore } from "#server/config/index.ts";
import { openOutgoing, type Outgoing } from "#server/core/net/outgoing.ts";
import type { CallEnd } from "#server/models/ending.ts";
import type { Provider } from "#server/models/policy.ts";
import { dispatchCall, type ProviderAnswer } from "#server/models/provider-call.ts";

const PASSED_ON = ["accept", "anthropic-version", "anthropic-beta", "openai-beta"] as const;
const PASSED_BACK =
  /^(?:content-type|retry-after|retry-after-ms|x-should-retry|request-id|x-request-id|(?:anthropic|x)-ratelimit-[a-z0-9-]+)$/;

/** All connections to providers of this process. Nothing here follows a redirect, undoes a compression or waits for the whole body. */
export const openProviders = (config: Pick<ConfigStore, "current">): Outgoing =>
  openOutgoing({ allowsPrivate: configuredAllowance(() => config.current().config), idleMs: 0 });

/** The provider's key, decrypted and with its references filled in; null = it has none. @throws AppError as `ConfigStore.secret` does. */
export const keyOf = (config: Pick<ConfigStore, "secret">, { key }: Provider): string | null =>
  key === null ? null : config.secret(key.path, key.written);

/** Sends `body` to the provider; resolves with the head of its answer. */
export function callProvider(
  agent: Dispatcher,
  to: { provider: Provider; path: string; key: string | null },
  headers: IncomingHttpHeaders,
  body: string,
  end: CallEnd,
): Promise<ProviderAnswer> {
  const { origin, base } = placeOf(to.provider);
  const sent: Record<string, string | string[]> = {
    "content-type": "application/json",
    // What passes is read on its way.
    "accept-encoding": "identity",
  };
  for (const name of PASSED_ON) {
    const value = headers[name];
    if (value !== undefined) {
      sent[name] = value;
    }
  }
  if (to.key !== null) {
    const [name, value] =
      to.provider.type === "anthropic" ? ["x-api-key", to.key] : ["authorization", `Bearer ${to.key}`];
    sent[name] = value;
  }
  return dispatchCall(agent, { origin, path: base + to.path, method: "POST", headers: sent, body }, end);
}

const places = new WeakMap<Provider, { origin: string; base: string }>();

/** Where a provider is, taken apart once: providers are as old as the configuration they stand in. */
function placeOf(provider: Provider): { origin: string; base: string } {
  let place = places.get(provider);
  if (place === undefined) {
    const { origin, pathname } = new URL(provider.baseUrl);
    place = { origin, base: pathname.replace(/\/$/, "") };
    places.set(provider, place);
  }
  return place;
}

/** The headers of an answer that the program gets. */
export function headersBack(headers: IncomingHttpHeaders): Record<string, string | string[]> {
  const back: Record<string, string | string[]> = {};
  for (const name in headers) {
    const value = headers[name];
    if (value !== undefined && PASSED_BACK.test(name)) {
      back[name] = value;
    }
  }
  return back;
}

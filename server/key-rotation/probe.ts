/** Tries a new value with the other side before it counts. Costs nothing there: providers are asked which models they have. */
import { request } from "undici";
import { probeWithSecret } from "#server/channels/index.ts";
import { configuredAllowance, type ConfigStore } from "#server/config/index.ts";
import { messageOf } from "#server/core/errors.ts";
import { openOutgoing } from "#server/core/net/outgoing.ts";
import type { HeldKey } from "#server/key-rotation/inventory.ts";
import type { Provider } from "#server/models/policy.ts";

const LIMIT_MS = 15_000;
const MAX_BYTES = 64 * 1024;

export type Tried = { ok: true } | { ok: false; reason: string };

export async function tryValue(
  config: Pick<ConfigStore, "current" | "secret">,
  { of }: HeldKey,
  value: string,
): Promise<Tried> {
  if (of.kind === "provider") {
    return tryProvider(config, of.provider, value);
  }
  if (of.kind === "channel") {
    const tried = await probeWithSecret({ config }, of.held, of.key, value);
    return tried.ok ? { ok: true } : { ok: false, reason: withoutValue(tried.reason, value) };
  }
  return { ok: false, reason: "there is nobody to ask" };
}

async function tryProvider(
  config: Pick<ConfigStore, "current">,
  { baseUrl, type, name }: Provider,
  value: string,
): Promise<Tried> {
  const outgoing = openOutgoing({ allowsPrivate: configuredAllowance(() => config.current().config) });
  try {
    const { statusCode, body } = await request(`${baseUrl}/models`, {
      dispatcher: outgoing.dispatcher,
      headers:
        type === "anthropic"
          ? { "x-api-key": value, "anthropic-version": "2023-06-01" }
          : { authorization: `Bearer ${value}` },
      signal: AbortSignal.timeout(LIMIT_MS),
    });
    await body.dump({ limit: MAX_BYTES });
    if (statusCode >= 200 && statusCode < 300) {
      return { ok: true };
    }
    return {
      ok: false,
      reason:
        statusCode === 401 || statusCode === 403
          ? `${name} does not take this key (${statusCode})`
          : `${name} answered ${statusCode} when it was asked for its models`,
    };
  } catch (error) {
    return { ok: false, reason: withoutValue(`${name} could not be reached: ${messageOf(error)}`, value) };
  } finally {
    await outgoing.close();
  }
}

/** A message of another library might repeat what was sent. */
const withoutValue = (text: string, value: string): string => text.replaceAll(value, "…").slice(0, 300);

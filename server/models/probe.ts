/** One tiny call of a model, to see whether its provider can be reached and takes the key. Outside every budget: it is the operator's own. */
import type { ConfigStore } from "#server/config/index.ts";
import { AppError, isAppError } from "#server/core/errors.ts";
import { kindOf, unusable } from "#server/models/attempt.ts";
import { CallEnd, FAILURES, type Ending } from "#server/models/ending.ts";
import { errorText } from "#server/models/pass-through.ts";
import { providersIn } from "#server/models/policy.ts";
import { callProvider, keyOf, openProviders } from "#server/models/upstream.ts";
import { UsageReader } from "#server/models/usage.ts";

const ENOUGH_BYTES = 256 * 1024;
/** Some models think first; a limit that is too low is an error of its own. */
const MAX_TOKENS = 64;

export interface Probe {
  model: string;
  ok: boolean;
  ending: Ending;
  /** The provider's; null = it did not answer. */
  status: number | null;
  /** What to do about it; null when nothing is wrong. */
  message: string | null;
  inputTokens: number | null;
  outputTokens: number | null;
  wallMs: number;
}

/** @param timeoutMs for the whole call. @throws AppError INVALID_INPUT for a model whose provider is not set up */
export async function probeModel(
  config: Pick<ConfigStore, "current" | "secret">,
  model: string,
  timeoutMs: number,
): Promise<Probe> {
  const name = model.slice(0, Math.max(0, model.indexOf("/")));
  const known = providersIn(config.current().config);
  const provider = known.find((one) => one.name === name);
  if (provider === undefined || model.length === name.length + 1) {
    const names = known.map((one) => one.name).join(", ") || "none yet";
    throw new AppError(
      "INVALID_INPUT",
      `"${model}" names no model of a provider that is set up (${names}). Write provider/model; keys go into security.apiKeys.`,
    );
  }
  const body = { model: model.slice(name.length + 1), messages: [{ role: "user", content: "Answer with: ok" }] };
  const isOpenAi = provider.type === "openai";
  const sent = { ...body, [isOpenAi ? "max_completion_tokens" : "max_tokens"]: MAX_TOKENS };
  const outgoing = openProviders(config);
  const end = new CallEnd(timeoutMs);
  const started = performance.now();
  const answer = { model, inputTokens: null, outputTokens: null, status: null as number | null };
  const took = (): number => Math.round(performance.now() - started);
  try {
    const key = keyOf(config, provider);
    const to = { provider, path: isOpenAi ? "/chat/completions" : "/messages", key };
    const headers = isOpenAi ? {} : { "anthropic-version": "2023-06-01" };
    const found = await callProvider(outgoing.dispatcher, to, headers, JSON.stringify(sent), end);
    answer.status = found.statusCode;
    const refused = unusable(found);
    const text = await errorText(found.body, key, ENOUGH_BYTES);
    const ending = refused ?? (found.statusCode >= 400 ? "provider_error" : "answered");
    if (ending !== "answered") {
      const message = FAILURES[ending]?.[1] ?? `The provider answered ${found.statusCode}: ${text.slice(0, 500)}`;
      return { ...answer, ok: false, ending, message, wallMs: took() };
    }
    const usage = new UsageReader();
    usage.readWhole(text);
    const { inputTokens, outputTokens } = usage.said;
    return { ...answer, ok: true, ending, message: null, inputTokens, outputTokens, wallMs: took() };
  } catch (error) {
    if (isAppError(error)) {
      return { ...answer, ok: false, ending: "key_missing", message: error.message, wallMs: took() };
    }
    const isLate = end.why === "timeout";
    const message = isLate
      ? `No answer within ${timeoutMs / 1000} s.`
      : `The provider could not be reached (${kindOf(error)}).`;
    return { ...answer, ok: false, ending: isLate ? "timeout" : "provider_unreachable", message, wallMs: took() };
  } finally {
    end.done();
    await outgoing.close();
  }
}

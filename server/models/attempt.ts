/** One try of one model: as far as the head of a stream, or a whole answer. Nothing of it has been sent to the caller yet. */
import type { IncomingHttpHeaders } from "node:http";
import { isAppError } from "#server/core/errors.ts";
import { refusalOf } from "#server/core/net/outgoing.ts";
import { plainBody, type ModelCall, type Target } from "#server/models/accept.ts";
import { errorBody } from "#server/models/api-error.ts";
import type { CallEnd, Ending } from "#server/models/ending.ts";
import { retryWishes } from "#server/models/fallback.ts";
import { parseObject } from "#server/models/json.ts";
import { errorText, readWhole, type WholeAnswer } from "#server/models/pass-through.ts";
import type { ModelServices } from "#server/models/services.ts";
import { translatorFor } from "#server/models/translate/index.ts";
import type { Translator } from "#server/models/translator.ts";
import type { ProviderAnswer } from "#server/models/provider-call.ts";
import { callProvider, headersBack, keyOf } from "#server/models/upstream.ts";

const NO_WISHES = retryWishes({}, 0);
const MAX_ERROR_BYTES = 64 * 1024;

type Headers = ReturnType<typeof headersBack>;

export interface Stream {
  kind: "stream";
  target: Target;
  status: number;
  headers: Headers;
  body: ProviderAnswer["body"];
  hideUsage: boolean;
  translator: Translator | null;
}

export interface Whole {
  kind: "whole";
  target: Target;
  status: number;
  headers: Headers;
  answer: WholeAnswer;
  translator: Translator | null;
}

export interface Failure {
  kind: "failure";
  target: Target;
  ending: Ending;
  /** The provider's; null = it did not answer. */
  status: number | null;
  /** Whether the provider was asked at all. */
  sent: boolean;
  /** The provider's own error for the caller; null = it has none that could be shown. */
  error: { headers: Headers; text: string } | null;
  /** What the provider says about a repetition. */
  wishes: ReturnType<typeof retryWishes>;
}

export type Outcome = Stream | Whole | Failure;

/** @param headers the caller's, of which few go on. Never throws. */
export async function attempt(
  services: ModelServices,
  call: ModelCall,
  target: Target,
  headers: IncomingHttpHeaders,
  end: CallEnd,
): Promise<Outcome> {
  let status: number | null = null;
  let sent = false;
  let wishes = NO_WISHES;
  try {
    const key = keyOf(services.config, target.provider);
    const translator = target.translated ? translatorFor(call.route.path, target.provider.type) : null;
    const plain = plainBody(call, target);
    const body =
      translator === null ? plain.body : JSON.stringify(translator.request({ ...call.body, model: target.upstream }));
    sent = end.why === null;
    const to = { provider: target.provider, path: translator?.path ?? call.route.upstream, key };
    const answer = await callProvider(services.models.providers, to, headers, body, end);
    status = answer.statusCode;
    const back = headersBack(answer.headers);
    wishes = retryWishes(answer.headers, Date.now());
    const refused = unusable(answer);
    if (refused !== null) {
      // Only to free the connection: what it says is not wanted.
      answer.body.destroy();
      return { kind: "failure", target, ending: refused, status, sent, error: null, wishes };
    }
    if (status >= 400) {
      const text = shownError(call, translator, answer, await errorText(answer.body, key, MAX_ERROR_BYTES));
      const error = { headers: { ...back, "content-type": "application/json" }, text };
      return { kind: "failure", target, ending: "provider_error", status, sent, error, wishes };
    }
    if (String(answer.headers["content-type"] ?? "").startsWith("text/event-stream")) {
      const hideUsage = translator === null && plain.hideUsage;
      return { kind: "stream", target, status, headers: back, body: answer.body, hideUsage, translator };
    }
    return { kind: "whole", target, status, headers: back, answer: await readWhole(answer), translator };
  } catch (error) {
    const ending = endingOf(error, status, end);
    services.log.warn(
      {
        runId: call.caller.grant?.runId,
        requestId: call.caller.requestId,
        model: target.model,
        ending,
        error: kindOf(error),
      },
      "a model call failed",
    );
    return { kind: "failure", target, ending, status, sent, error: null, wishes };
  }
}

/** JSON as the provider wrote it; a page of some proxy between is nothing for an SDK. */
function shownError(
  call: ModelCall,
  translator: Translator | null,
  { statusCode, headers }: ProviderAnswer,
  text: string,
) {
  if (translator !== null) {
    return translator.error(statusCode, text);
  }
  const isJson = String(headers["content-type"] ?? "").includes("json") && parseObject(text) !== null;
  const message = `The model's provider answered with status ${statusCode}.`;
  return isJson ? text : errorBody(call.route.api, statusCode, "provider_error", message);
}

export function unusable({ statusCode, headers }: ProviderAnswer): Ending | null {
  if (statusCode === 401) {
    return "provider_refused_key";
  }
  if (statusCode >= 300 && statusCode < 400) {
    return "provider_redirected";
  }
  return (headers["content-encoding"] ?? "identity") === "identity" ? null : "provider_encoded";
}

/** @param status of the provider; null = it has not answered yet. */
export function endingOf(error: unknown, status: number | null, end: CallEnd): Ending {
  if (end.why !== null) {
    return end.why;
  }
  if (isAppError(error) && (error.code === "NOT_CONFIGURED" || error.code === "CANNOT_DECRYPT")) {
    return "key_missing";
  }
  if (refusalOf(error) !== null) {
    return "provider_address_refused";
  }
  return status === null ? "provider_unreachable" : "provider_broke_off";
}

/** Of an error only what cannot hold a path or a key: ours name the key's place in the configuration, or the host that was refused. */
export function kindOf(error: unknown): string {
  const own = isAppError(error) ? error : refusalOf(error);
  if (own !== null) {
    return own.message;
  }
  const code = typeof error === "object" && error !== null && "code" in error ? String(error.code) : "";
  return code || (error instanceof Error ? error.name : "unknown");
}

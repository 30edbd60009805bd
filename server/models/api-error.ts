/** Refusals and failures in the words of the API that was called, so that its SDK understands them. */
import type { ApiType } from "#server/models/policy.ts";

/** A call that is not passed on; recorded as `model.refused` before it is answered. */
export class ModelRefusal extends Error {
  readonly status: number;
  readonly code: string;
  /** `provider/model`, where it is known. */
  readonly model: string | undefined;
  /** The rule that decided. */
  readonly because: string | undefined;
  /** When the same call may be possible. */
  readonly retryAfterSeconds: number | undefined;

  /** @param message names what is wrong and the fix; shown to the caller. */
  constructor(
    status: number,
    code: string,
    message: string,
    model?: string,
    { because, retryAfterSeconds }: { because?: string | undefined; retryAfterSeconds?: number } = {},
  ) {
    super(message);
    this.name = "ModelRefusal";
    this.status = status;
    this.code = code;
    this.model = model;
    this.because = because;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

const INVALID = { openai: "invalid_request_error", anthropic: "invalid_request_error" };
/** Types of errors by status, as both providers name them. */
const TYPES: Readonly<Record<number, { openai: string; anthropic: string }>> = {
  400: INVALID,
  401: { openai: "authentication_error", anthropic: "authentication_error" },
  403: { openai: "permission_error", anthropic: "permission_error" },
  404: { openai: "invalid_request_error", anthropic: "not_found_error" },
  413: { openai: "invalid_request_error", anthropic: "request_too_large" },
  429: { openai: "insufficient_quota", anthropic: "rate_limit_error" },
};
const FAILURE = { openai: "server_error", anthropic: "api_error" };

/** What is not in the table is the caller's fault below 500, else ours. */
function typeOf(status: number, code: string): { openai: string; anthropic: string } {
  if (status === 429 && code !== "budget_exhausted") {
    return { openai: "rate_limit_error", anthropic: "rate_limit_error" };
  }
  return TYPES[status] ?? (status < 500 ? INVALID : FAILURE);
}

export function errorBody(api: ApiType, status: number, code: string, message: string): string {
  const type = typeOf(status, code)[api];
  return JSON.stringify(
    api === "anthropic" ? { type: "error", error: { type, message } } : { error: { message, type, param: null, code } },
  );
}

/**
 * The event that ends a stream which broke off, after which nothing comes: both SDKs throw on it. A stream of chat or messages has an event
 * of its own kind; the one of `/v1/responses` is typed like all its others.
 */
export function errorEvent(api: ApiType, path: string, code: string, message: string): string {
  if (path === "/v1/responses") {
    const data = JSON.stringify({ type: "error", code, message, param: null });
    return `event: error\ndata: ${data}\n\n`;
  }
  return `${api === "anthropic" ? "event: error\n" : ""}data: ${errorBody(api, 500, code, message)}\n\n`;
}

/** Refusals and failures in the words of the API that was called, so that its SDK understands them. */
import type { ApiType } from "#server/models/policy.ts";

/** A call that is not passed on; recorded as `model.refused` before it is answered. */
export class ModelRefusal extends Error {
  readonly status: number;
  readonly code: string;
  /** `provider/model`, where it is known. */
  readonly model: string | undefined;

  /** @param message names what is wrong and the fix; shown to the program. */
  constructor(status: number, code: string, message: string, model?: string) {
    super(message);
    this.name = "ModelRefusal";
    this.status = status;
    this.code = code;
    this.model = model;
  }
}

/** Types of errors by status, as both providers name them. */
const TYPES: Readonly<Record<number, { openai: string; anthropic: string }>> = {
  400: { openai: "invalid_request_error", anthropic: "invalid_request_error" },
  401: { openai: "authentication_error", anthropic: "authentication_error" },
  403: { openai: "permission_error", anthropic: "permission_error" },
  404: { openai: "invalid_request_error", anthropic: "not_found_error" },
  413: { openai: "invalid_request_error", anthropic: "request_too_large" },
  429: { openai: "insufficient_quota", anthropic: "rate_limit_error" },
};
const FAILURE = { openai: "server_error", anthropic: "api_error" };

export function errorBody(api: ApiType, status: number, code: string, message: string): string {
  const type = (TYPES[status] ?? FAILURE)[api];
  return JSON.stringify(
    api === "anthropic" ? { type: "error", error: { type, message } } : { error: { message, type, param: null, code } },
  );
}

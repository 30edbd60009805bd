/** Errors of the link itself, in the shape of the API that was called, so that its client library can read them. */
import type { ServerResponse } from "node:http";

export interface ApiError {
  status: number;
  code: string;
  /** For the program's author: what is wrong and the next step. */
  message: string;
}

/** Error types by status, as the two APIs name them. */
const TYPES: Readonly<Partial<Record<number, string>>> = {
  401: "authentication_error",
  403: "permission_error",
  404: "not_found_error",
  429: "rate_limit_error",
};
const typeOf = (status: number): string => TYPES[status] ?? (status < 500 ? "invalid_request_error" : "api_error");

export function errorBody(url: string, { status, code, message }: ApiError): string {
  const type = typeOf(status);
  // The path as Anthropic's API has it: /v1/messages and what is below.
  return /^\/v1\/messages(?:[/?]|$)/.test(url)
    ? JSON.stringify({ type: "error", error: { type, message } })
    : JSON.stringify({ error: { message, type, code } });
}

/** Answers, or ends the connection when an answer has begun. @param url the request's, which decides the shape */
export function answerError(response: ServerResponse, url: string, error: ApiError): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const body = errorBody(url, error);
  response.writeHead(error.status, {
    "content-type": "application/json; charset=utf-8",
    "content-length": String(Buffer.byteLength(body)),
  });
  response.end(body);
}

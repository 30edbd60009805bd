/** One call of a platform's API, and what a refusal means for a message: again later, or never. */
import type { ChannelHttp, Sent } from "#server/channels/adapter.ts";
import { retryAfterMs } from "#server/core/http/retry-after.ts";

/** Milliseconds for a call that posts or asks. */
const TIMEOUT_MS = 15_000;
/** Bytes of an answer of an API; none of those we call is near it. */
const MAX_ANSWER_BYTES = 262_144;
export interface PlatformAnswer {
  status: number;
  /** The members of a JSON object; empty for any other body. */
  body: Record<string, unknown>;
  /** From `Retry-After`, milliseconds. */
  retryAfterMs: number | null;
}

export interface PlatformCall {
  method: "GET" | "POST" | "PATCH" | "DELETE";
  url: string;
  headers: Record<string, string>;
  /** Sent as JSON. */
  json?: unknown;
}

/** @throws what `http` throws when no answer comes: who sends judges whether the same again could do harm */
export async function callPlatform(
  http: ChannelHttp,
  { method, url, headers, json }: PlatformCall,
): Promise<PlatformAnswer> {
  const answer = await http({
    method,
    url,
    headers: json === undefined ? headers : { ...headers, "content-type": "application/json; charset=utf-8" },
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
    timeoutMs: TIMEOUT_MS,
    maxBytes: MAX_ANSWER_BYTES,
  });
  return {
    status: answer.status,
    body: objectIn(answer.body),
    retryAfterMs: retryAfterMs(answer.headers["retry-after"], Date.now()),
  };
}

/** What an answer means that is not the platform's own "yes" and carries no error code of its own. */
export function refusalOf({ status, retryAfterMs }: PlatformAnswer, reason: string): Extract<Sent, { ok: false }> {
  // 504 says that nobody knows whether the message was taken.
  const retry = status === 429 || status === 500 || status === 502 || status === 503;
  return { ok: false, retry, retryAfterMs: retry ? retryAfterMs : null, reason };
}

/** What a platform says of itself goes into logs and delivery rows: short, printable, one line. */
export function word(value: unknown, otherwise: string): string {
  const text = typeof value === "string" || typeof value === "number" ? String(value) : "";
  const shown = text
    .replaceAll(/[^\x20-\x7e]+/g, " ")
    .trim()
    .slice(0, 120);
  return shown === "" ? otherwise : shown;
}

/** The members of a JSON value that is an object. */
export function membersOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

function objectIn(body: Buffer): Record<string, unknown> {
  try {
    return membersOf(JSON.parse(body.toString("utf8")));
  } catch {
    return {};
  }
}

/** One call of a platform's API, and what its outcome means for a message: sent, again later, or never. */
import type { ChannelHttp, Sent } from "#server/channels/adapter.ts";
import { retryAfterMs } from "#server/channels/retry-after.ts";
import { refusalOf as addressRefusal } from "#server/core/net/outgoing.ts";

/** Milliseconds for a call that posts or asks. */
const TIMEOUT_MS = 15_000;
/** Bytes of an answer of an API; none of those we call is near it. */
const MAX_ANSWER_BYTES = 262_144;
/** The connection was never there: nothing can have been sent. */
const NEVER_CONNECTED = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
]);

export interface PlatformAnswer {
  status: number;
  /** The members of a JSON object; empty for any other body. */
  body: Record<string, unknown>;
  /** From `Retry-After`, milliseconds. */
  retryAfterMs: number | null;
}

export interface PlatformCall {
  method: "GET" | "POST" | "PATCH";
  url: string;
  headers: Record<string, string>;
  /** Sent as JSON. */
  json?: unknown;
}

export type Called = { answer: PlatformAnswer } | { failed: Extract<Sent, { ok: false }> };

/** Never throws: a call that fails says whether the same again could do harm. */
export async function callPlatform(http: ChannelHttp, { method, url, headers, json }: PlatformCall): Promise<Called> {
  try {
    const answer = await http({
      method,
      url,
      headers: json === undefined ? headers : { ...headers, "content-type": "application/json; charset=utf-8" },
      ...(json === undefined ? {} : { body: JSON.stringify(json) }),
      timeoutMs: TIMEOUT_MS,
      maxBytes: MAX_ANSWER_BYTES,
    });
    return {
      answer: {
        status: answer.status,
        body: objectIn(answer.body),
        retryAfterMs: retryAfterMs(answer.headers["retry-after"], Date.now()),
      },
    };
  } catch (error) {
    return { failed: failureOf(error) };
  }
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

function failureOf(error: unknown): Extract<Sent, { ok: false }> {
  const code = codesOf(error).find((known) => NEVER_CONNECTED.has(known));
  if (code !== undefined) {
    return { ok: false, retry: true, retryAfterMs: null, reason: `the platform was not reached (${code})` };
  }
  const reason = addressRefusal(error)?.message ?? "the platform did not answer; the message may have arrived";
  return { ok: false, retry: false, retryAfterMs: null, reason };
}

/** The codes of an error and of what caused it, outermost first. */
function codesOf(error: unknown): string[] {
  const codes: string[] = [];
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth += 1) {
    if ("code" in at && typeof at.code === "string") {
      codes.push(at.code);
    }
  }
  return codes;
}

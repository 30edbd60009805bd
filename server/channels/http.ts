/**
 * The one way out to a platform. Every address is checked when the connection is made, no redirect is followed, an answer is read up to a
 * bound, and no error holds an address: some platforms keep their secret in it.
 */
import type { Dispatcher } from "undici";
import type { ChannelHttp } from "#server/channels/adapter.ts";
import { hasErrorCode } from "#server/core/errors.ts";
import { refusalOf } from "#server/core/net/outgoing.ts";

const TIMEOUT_MS = 20_000;
const MAX_BYTES = 1024 * 1024;

/** Nothing came back. `mayHaveArrived`: the request may have reached the platform all the same. */
export class NoAnswer extends Error {
  readonly mayHaveArrived: boolean;

  constructor(message: string, mayHaveArrived: boolean) {
    super(message);
    this.name = "NoAnswer";
    this.mayHaveArrived = mayHaveArrived;
  }
}

/** Errors of a connection that was never there. */
const NEVER_LEFT = ["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH", "UND_ERR_CONNECT_TIMEOUT"];

export function channelHttp(dispatcher: Dispatcher): ChannelHttp {
  return async ({ method, url, headers, body, timeoutMs = TIMEOUT_MS, maxBytes = MAX_BYTES }) => {
    const { origin, pathname, search } = new URL(url);
    try {
      const answer = await dispatcher.request({
        origin,
        path: `${pathname}${search}`,
        method,
        headers: { "user-agent": "openclaw-gateway", ...headers },
        body: body ?? null,
        signal: AbortSignal.timeout(timeoutMs),
      });
      const chunks: Buffer[] = [];
      let size = 0;
      for await (const chunk of answer.body as AsyncIterable<Buffer>) {
        size += chunk.length;
        if (size > maxBytes) {
          answer.body.destroy();
          throw new NoAnswer(`the answer is larger than ${maxBytes} bytes`, true);
        }
        chunks.push(chunk);
      }
      return { status: answer.statusCode, headers: plain(answer.headers), body: Buffer.concat(chunks, size) };
    } catch (error) {
      throw error instanceof NoAnswer ? error : noAnswer(error);
    }
  };
}

function noAnswer(error: unknown): NoAnswer {
  const known = NEVER_LEFT.find((code) => hasErrorCode(error, code));
  if (known !== undefined) {
    return new NoAnswer(`no connection (${known})`, false);
  }
  const refusal = refusalOf(error);
  if (refusal !== null) {
    return new NoAnswer(refusal.message, false);
  }
  const code = error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "failed";
  return new NoAnswer(error instanceof Error && error.name === "TimeoutError" ? "no answer in time" : code, true);
}

const plain = (headers: Record<string, string | string[] | undefined>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name.toLowerCase(), Array.isArray(value) ? value.join(", ") : value]],
    ),
  );

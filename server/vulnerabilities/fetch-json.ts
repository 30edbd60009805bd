/**
 * JSON from an advisory service. Threats: an answer without end, one that never comes, a redirect or a name that leads inside the own network:
 * the body is bounded, the call has one time limit, redirects are not followed and every address is judged.
 */
import { request, type Dispatcher } from "undici";
import { messageOf } from "#server/core/errors.ts";
import { refusalOf } from "#server/core/net/outgoing.ts";

export interface JsonCall {
  url: URL;
  dispatcher: Dispatcher;
  /** Sent as JSON by POST; absent = GET. */
  body?: unknown;
  /** For the whole call (milliseconds). */
  limitMs: number;
  maxBytes: number;
}

/** Why there is no answer: words that are safe to show and hold nothing of what was received. */
export class NoAnswer extends Error {}

/** @throws NoAnswer */
export async function fetchJson({ url, dispatcher, body, limitMs, maxBytes }: JsonCall): Promise<unknown> {
  const { host } = url;
  try {
    const answer = await request(url, {
      dispatcher,
      method: body === undefined ? "GET" : "POST",
      headers: {
        accept: "application/json",
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      body: body === undefined ? null : JSON.stringify(body),
      signal: AbortSignal.timeout(limitMs),
    });
    if (answer.statusCode !== 200) {
      answer.body.on("error", () => undefined).destroy();
      throw new NoAnswer(
        answer.statusCode >= 300 && answer.statusCode < 400
          ? `${host} answered with a redirect, which is not followed`
          : `${host} answered ${answer.statusCode}`,
      );
    }
    return parse(host, await readBounded(host, answer.body, maxBytes));
  } catch (error) {
    if (error instanceof NoAnswer) {
      throw error;
    }
    const refused = refusalOf(error);
    if (refused !== null) {
      throw new NoAnswer(refused.message);
    }
    throw new NoAnswer(
      error instanceof Error && error.name === "TimeoutError"
        ? `${host} gave no answer within ${limitMs / 1000} s`
        : `${host} could not be reached (${reasonOf(error)})`,
    );
  }
}

const reasonOf = (error: unknown): string =>
  typeof error === "object" && error !== null && "code" in error && typeof error.code === "string"
    ? error.code
    : messageOf(error).slice(0, 80);

async function readBounded(host: string, body: AsyncIterable<Buffer>, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > maxBytes) {
      throw new NoAnswer(`${host} sent more than ${Math.round(maxBytes / 1024 / 1024)} MiB`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function parse(host: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new NoAnswer(`${host} sent no JSON`);
  }
}

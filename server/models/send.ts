/** What the caller of a model gets: head and body of an answer, or of a failure in the words of its API. */
import type { IncomingHttpHeaders, ServerResponse } from "node:http";
import type { ModelCall, Target } from "#server/models/accept.ts";
import { errorBody, errorEvent } from "#server/models/api-error.ts";
import type { Outcome, Whole } from "#server/models/attempt.ts";
import { FAILURES, type Ending, type Stopping } from "#server/models/ending.ts";
import type { Tokens } from "#server/models/record-call.ts";

/** Tells the worker's end of the socket what the call used. */
const USAGE_TRAILER = "x-openclaw-usage";

/** The caller's end of a call. */
export interface Exchange {
  headers: IncomingHttpHeaders;
  response: ServerResponse;
  stopping: Stopping;
  /** For a client of the API; null = a program, which gets the usage in a trailer and a cut connection for half an answer. */
  client: {
    /** Headers that every answer carries; what else this one carries is put to them. */
    headers: Record<string, string | string[]>;
    /** Calls `end` when the caller's token ends, or when an incident locks the caller; returns what stops watching. */
    watch: (end: (why: "token_ended" | "locked", words?: string) => void) => () => void;
  } | null;
}

/** What of a provider's headers is about the gateway's own account and requests there: nothing for its clients. */
const OF_THE_ACCOUNT = /ratelimit|request-id/;

/** Headers of an answer, from those of the provider. */
export function headersOf({ client }: Exchange, headers: Whole["headers"], { model }: Target): Whole["headers"] {
  if (client === null) {
    return { ...headers, trailer: USAGE_TRAILER };
  }
  const told = client.headers;
  for (const name in headers) {
    const value = headers[name];
    if (value !== undefined && !(name in told) && !OF_THE_ACCOUNT.test(name)) {
      told[name] = value;
    }
  }
  told["x-openclaw-model"] = model;
  return told;
}

/** The end of a call that is on record. */
export interface Finished {
  ending: Ending;
  /** The provider's; null = it did not answer. */
  status: number | null;
  target: Target;
  /** The answer in one piece; null = it is on its way already, or there is none. */
  whole: Buffer | null;
  /** Told to programs only; null = a client. */
  tokens: Tokens | null;
  /** What a caller is told whose call was ended early; null = the ending's own words. */
  words: string | null;
}

/** Sends what there is to be sent: the answer, the end of one that is out, or why there is none. */
export function finish(call: ModelCall, outcome: Outcome, finished: Finished, exchange: Exchange): void {
  const { response, client } = exchange;
  const { ending, status, target, whole, tokens, words } = finished;
  if (ending === "answered") {
    if (whole === null) {
      close(exchange, target, tokens, null);
      return;
    }
    const headers = headersOf(exchange, outcome.kind === "whole" ? outcome.headers : {}, target);
    if (client !== null) {
      headers["content-length"] = String(whole.length);
    }
    response.writeHead(status ?? 200, headers);
    close(exchange, target, tokens, whole);
    return;
  }
  const [meaning, message] = FAILURES[ending] ?? [502, "The model's provider failed."];
  if (ending === "caller_gone") {
    response.destroy();
    return;
  }
  const error = outcome.kind === "failure" ? outcome.error : null;
  if (error === null || response.headersSent) {
    const failure = [meaning, words ?? message] as const;
    cut(call, exchange, { inStream: outcome.kind === "stream", code: ending, failure, target, tokens });
    return;
  }
  response.writeHead(status ?? meaning, headersOf(exchange, error.headers, target));
  close(exchange, target, tokens, Buffer.from(error.text));
}

interface Cut {
  inStream: boolean;
  code: string;
  failure: readonly [status: number, message: string];
  target?: Target;
  tokens?: Tokens | null;
}

/** Ends without an answer: with an error in the API's words, or, where half of one is out, so that it does not look like a whole one. */
export function cut({ route, asked }: ModelCall, exchange: Exchange, { failure, ...what }: Cut): void {
  const { response, client } = exchange;
  const [status, message] = failure;
  if (response.destroyed) {
    return;
  }
  if (!response.headersSent) {
    const headers = { "content-type": "application/json", ...client?.headers };
    response.writeHead(status, client === null ? { ...headers, trailer: USAGE_TRAILER } : headers);
    response.write(errorBody(route.api, status, what.code, message));
    if (client === null) {
      const model = what.target?.model ?? asked;
      response.addTrailers({ [USAGE_TRAILER]: usageText(model, what.tokens ?? null) });
    }
    response.end();
    return;
  }
  if (client === null || !what.inStream) {
    response.destroy();
    return;
  }
  // Behind an empty line, as the last event may be half out.
  response.end(`\n\n${errorEvent(route.api, route.path, what.code, message)}`);
}

function close({ response, client }: Exchange, { model }: Target, tokens: Tokens | null, last: Buffer | null): void {
  if (client !== null) {
    end(response, last);
    return;
  }
  if (last !== null) {
    response.write(last);
  }
  response.addTrailers({ [USAGE_TRAILER]: usageText(model, tokens) });
  response.end();
}

/** Up to this size copying the bytes is cheaper than a second piece on the wire. */
const ONE_PIECE_BYTES = 64 * 1024;

/** Node writes head and body as one piece where the body is text; in Latin-1 every byte is a character, and stays the same byte. */
function end(response: ServerResponse, last: Buffer | null): void {
  if (last !== null && last.length <= ONE_PIECE_BYTES) {
    response.end(last.toString("latin1"), "latin1");
  } else {
    response.end(last ?? undefined);
  }
}

const usageText = (model: string, tokens: Tokens | null): string =>
  JSON.stringify({ model, inputTokens: tokens?.input ?? 0, outputTokens: tokens?.output ?? 0 });

/**
 * One call of a model: passed to the provider and back, then counted and recorded in one commit, and only then ended; of a stream it is on
 * record before it begins that it was accepted. Whatever happens on the way, what was set aside for the call is given back or counted.
 */
import type { IncomingHttpHeaders, ServerResponse } from "node:http";
import type { ModelCall, Target } from "#server/models/accept.ts";
import { errorBody, errorEvent } from "#server/models/api-error.ts";
import { endingOf, kindOf, type Outcome, type Stream, type Whole } from "#server/models/attempt.ts";
import { CallEnd, FAILURES, UNRECORDED, type Ending, type Stopping } from "#server/models/ending.ts";
import { parseObject } from "#server/models/json.ts";
import { passEvents, passRest, write } from "#server/models/pass-through.ts";
import { firstThatAnswers } from "#server/models/first-answer.ts";
import { recordAcceptance, recordCall, tokensOf, type Tokens } from "#server/models/record-call.ts";
import type { ModelServices } from "#server/models/services.ts";
import { UsageReader } from "#server/models/usage.ts";

/** Tells the worker's end of the socket what the call used. */
const USAGE_TRAILER = "x-openclaw-usage";

/** The caller's end of a call. */
export interface Exchange {
  headers: IncomingHttpHeaders;
  response: ServerResponse;
  stopping: Stopping;
  /** For a client of the API; null = a program, which gets the usage in a trailer and a cut connection for half an answer. */
  client: {
    /** Headers that every answer carries. */
    headers: Readonly<Record<string, string>>;
    /** Calls `end` when the caller's token ends; returns what stops watching. */
    watch: (end: () => void) => () => void;
  } | null;
}

/** What has become of a call. */
export interface Relayed {
  target: Target;
  ending: Ending;
  /** The provider's; null = it did not answer. */
  status: number | null;
  sent: boolean;
  usage: UsageReader;
  /** Bytes of an answer that was no stream. */
  wholeBytes: number;
  /** How often a provider was asked. */
  attempts: number;
  /** What became of the attempts before the last: model, ending, status. */
  failed: readonly string[];
}

/** @returns how it ended. */
export async function relayCall(services: ModelServices, call: ModelCall, exchange: Exchange): Promise<Ending> {
  const { response, stopping } = exchange;
  const end = new CallEnd(services.config.current().config.models.timeout);
  const onGone = (): void => end.now("caller_gone");
  response.once("close", onGone);
  if (response.destroyed) {
    onGone();
  }
  const place = stopping.begun(end);
  try {
    return await relay(services, call, exchange, end);
  } finally {
    end.done();
    response.off("close", onGone);
    stopping.over(place);
  }
}

async function relay(services: ModelServices, call: ModelCall, exchange: Exchange, end: CallEnd): Promise<Ending> {
  const started = performance.now();
  // A stream is on its way long before it ends, so that the call is on record has to be sure before it begins; meanwhile the provider is asked.
  const early = call.body["stream"] === true ? recordAcceptance(services, call) : null;
  const { outcome, attempts, failed } = await firstThatAnswers(services, call, exchange.headers, end);
  const relayed: Relayed = {
    target: outcome.target,
    ending: outcome.kind === "failure" ? outcome.ending : "answered",
    status: outcome.status,
    sent: outcome.kind !== "failure" || outcome.sent,
    usage: new UsageReader(),
    wholeBytes: 0,
    attempts,
    failed,
  };
  let whole: Buffer | null = null;
  if (leavesEarly(outcome) && !(await (early ?? recordAcceptance(services, call)))) {
    relayed.ending = "unrecorded";
    drop(outcome);
  } else if (outcome.kind !== "failure") {
    try {
      whole = outcome.kind === "whole" ? await takeWhole(outcome, exchange, end, relayed) : null;
      if (outcome.kind === "stream") {
        await passStream(outcome, exchange, end, relayed);
      }
    } catch (error) {
      relayed.ending = endingOf(error, relayed.status, end);
      const { grant, requestId } = call.caller;
      const told = { runId: grant?.runId, requestId, model: relayed.target.model, ending: relayed.ending };
      services.log.warn({ ...told, error: kindOf(error) }, "a model call failed");
    }
  }
  const tokens = tokensOf(call, relayed);
  try {
    await recordCall(services, call, relayed, tokens, performance.now() - started);
  } catch (error) {
    const { grant, requestId } = call.caller;
    services.log.error(
      { err: error, runId: grant?.runId, requestId },
      "a model call could not be recorded; its answer is cut",
    );
    const [status, message] = UNRECORDED;
    cut(call, exchange, outcome.kind === "stream", "unavailable", message, status);
    return relayed.ending;
  }
  finish(call, outcome, whole, relayed, exchange, tokens);
  return relayed.ending;
}

/** Whether something of the answer is sent before the call has ended. */
const leavesEarly = (outcome: Outcome): boolean =>
  outcome.kind === "stream" || (outcome.kind === "whole" && outcome.answer.rest !== null);

/** What the provider answered goes nowhere. */
function drop(outcome: Outcome): void {
  if (outcome.kind === "stream") {
    outcome.body.destroy();
  } else if (outcome.kind === "whole") {
    void outcome.answer.rest?.return?.();
  }
}

/** @returns what is sent once the call is on record; an answer that is too large for that is on its way already, and the result null. */
async function takeWhole(
  { target, status, headers, answer, translator }: Whole,
  exchange: Exchange,
  end: CallEnd,
  relayed: Relayed,
): Promise<Buffer | null> {
  relayed.wholeBytes = answer.bytes.length;
  if (answer.rest !== null) {
    const { response } = exchange;
    response.writeHead(status, headersOf(exchange, headers, target));
    await write(response, answer.bytes, end.signal);
    relayed.wholeBytes += await passRest(answer.rest, response, end.signal);
    return null;
  }
  const text = answer.bytes.toString();
  relayed.usage.readWhole(text);
  if (translator === null) {
    return answer.bytes;
  }
  const body = parseObject(text);
  if (body === null) {
    throw new Error("the provider's answer is no JSON object");
  }
  return Buffer.from(JSON.stringify(translator.response(body)));
}

async function passStream(
  { target, status, headers, body, hideUsage, translator }: Stream,
  exchange: Exchange,
  end: CallEnd,
  { usage }: Relayed,
): Promise<void> {
  const { response, client } = exchange;
  response.writeHead(status, headersOf(exchange, headers, target));
  response.flushHeaders();
  const stopWatching = client?.watch(() => end.now("token_ended"));
  try {
    const passage = { body, response, usage, hideUsage, signal: end.signal };
    await passEvents({ ...passage, translator: translator?.stream() ?? null });
  } finally {
    stopWatching?.();
  }
}

/** What of a provider's headers is about the gateway's own account and requests there: nothing for its clients. */
const OF_THE_ACCOUNT = /ratelimit|request-id/;

function headersOf({ client }: Exchange, headers: Whole["headers"], { model }: Target): Whole["headers"] {
  if (client === null) {
    return { ...headers, trailer: USAGE_TRAILER };
  }
  const told: Whole["headers"] = {};
  for (const name in headers) {
    const value = headers[name];
    if (value !== undefined && !OF_THE_ACCOUNT.test(name)) {
      told[name] = value;
    }
  }
  return Object.assign(told, client.headers, { "x-openclaw-model": model });
}

function finish(
  call: ModelCall,
  outcome: Outcome,
  whole: Buffer | null,
  relayed: Relayed,
  exchange: Exchange,
  tokens: Tokens,
): void {
  const { response, client } = exchange;
  const { ending, target } = relayed;
  if (ending === "answered") {
    if (whole === null) {
      close(exchange, target, tokens, null);
      return;
    }
    const headers = headersOf(exchange, (outcome as Whole).headers, target);
    if (client !== null) {
      headers["content-length"] = String(whole.length);
    }
    response.writeHead(relayed.status ?? 200, headers);
    close(exchange, target, tokens, whole);
    return;
  }
  const [status, message] = FAILURES[ending] ?? [502, "The model's provider failed."];
  if (ending === "caller_gone") {
    response.destroy();
    return;
  }
  const error = outcome.kind === "failure" ? outcome.error : null;
  if (error === null || response.headersSent) {
    cut(call, exchange, outcome.kind === "stream", ending, message, status, target, tokens);
    return;
  }
  response.writeHead(relayed.status ?? status, headersOf(exchange, error.headers, target));
  close(exchange, target, tokens, Buffer.from(error.text));
}

/** Ends without an answer: with an error in the API's words, or, where half of one is out, so that it does not look like a whole one. */
function cut(
  { route, asked }: ModelCall,
  exchange: Exchange,
  inStream: boolean,
  code: string,
  message: string,
  status: number,
  target?: Target,
  tokens?: Tokens,
): void {
  const { response, client } = exchange;
  if (response.destroyed) {
    return;
  }
  if (!response.headersSent) {
    const headers = { "content-type": "application/json", ...client?.headers };
    response.writeHead(status, client === null ? { ...headers, trailer: USAGE_TRAILER } : headers);
    response.write(errorBody(route.api, status, code, message));
    if (client === null) {
      response.addTrailers({ [USAGE_TRAILER]: usageText(target?.model ?? asked, tokens ?? { input: 0, output: 0 }) });
    }
    response.end();
    return;
  }
  if (client === null || !inStream) {
    response.destroy();
    return;
  }
  // Behind an empty line, as the last event may be half out.
  response.end(`\n\n${errorEvent(route.api, route.path, code, message)}`);
}

function close({ response, client }: Exchange, { model }: Target, tokens: Tokens, last: Buffer | null): void {
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

const usageText = (model: string, { input, output }: Pick<Tokens, "input" | "output">): string =>
  JSON.stringify({ model, inputTokens: input, outputTokens: output });

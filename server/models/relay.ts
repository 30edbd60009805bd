/**
 * One call of a model: passed to the provider and back, then counted and recorded in one commit. Nothing of an answer leaves before it is on
 * record that the call is answered: with what it used (`model.called`), or, where that comes later, with an event of its own
 * (`model.accepted`) that is written while the provider is asked. Whatever happens on the way, what was set aside is given back or counted.
 */
import type { Target, ModelCall } from "#server/models/accept.ts";
import { endingOf, kindOf, type Outcome, type Stream, type Whole } from "#server/models/attempt.ts";
import { CallEnd, UNRECORDED, type Ending } from "#server/models/ending.ts";
import { firstThatAnswers } from "#server/models/first-answer.ts";
import { parseObject } from "#server/models/json.ts";
import { passEvents, passRest, write } from "#server/models/pass-through.ts";
import { recordAcceptance, recordCall, tokensOf } from "#server/models/record-call.ts";
import { cut, finish, headersOf, type Exchange } from "#server/models/send.ts";
import type { ModelServices } from "#server/models/services.ts";
import { UsageReader } from "#server/models/usage.ts";

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

/** @returns how it ended, once the answer is sent. `services.models.track` knows of what is still to be stored then. */
export async function relayCall(services: ModelServices, call: ModelCall, exchange: Exchange): Promise<Ending> {
  const { response, stopping, client } = exchange;
  const acceptance = new Acceptance(services, call);
  const watch = new Watch(exchange);
  const onSlow = (): void => {
    watch.begin(end);
    if (mayAnswerFirst(call, exchange)) {
      void acceptance.recorded();
    }
  };
  const end = new CallEnd(services.config.current().config.models.timeout, client === null ? null : onSlow);
  const onGone = (): void => end.now("caller_gone");
  response.once("close", onGone);
  if (response.destroyed) {
    onGone();
  }
  const place = stopping.begun(end);
  try {
    return await relay(services, call, exchange, { acceptance, end, watch });
  } finally {
    end.done();
    watch.stop();
    response.off("close", onGone);
    stopping.over(place);
  }
}

/** That a call is answered, on record by itself. */
class Acceptance {
  readonly #services: ModelServices;
  readonly #call: ModelCall;
  #recorded: Promise<boolean> | null = null;

  constructor(services: ModelServices, call: ModelCall) {
    this.#services = services;
    this.#call = call;
  }

  isBegun(): boolean {
    return this.#recorded !== null;
  }

  /** Resolves with whether it is on the disk; never rejects. Written once, however often it is asked for. */
  recorded(): Promise<boolean> {
    this.#recorded ??= recordAcceptance(this.#services, this.#call);
    return this.#recorded;
  }
}

const isStreamed = ({ body }: ModelCall): boolean => body["stream"] === true;

/**
 * An answer in one piece that is quick waits for the record of what it used, one commit. A slow one is accepted while its provider works, so
 * that nothing is left to wait for. Not those of programs: the budget of a run has to be settled before the run has its answer and asks
 * again, and the event has to be on record before the run can end.
 */
const mayAnswerFirst = (call: ModelCall, { client }: Exchange): boolean => client !== null && !isStreamed(call);

/** A call that takes its time ends with the credential that opened the door to it; asking for each call that is quick would be in vain. */
class Watch {
  readonly #client: Exchange["client"];
  #stop: (() => void) | undefined;

  constructor({ client }: Exchange) {
    this.#client = client;
  }

  /** Once, however often it is called. */
  begin(end: CallEnd): void {
    this.#stop ??= this.#client?.watch((why, words) => end.now(why, words));
  }

  stop(): void {
    this.#stop?.();
  }
}

/** What accompanies a call from its beginning to its end. */
interface Course {
  acceptance: Acceptance;
  end: CallEnd;
  watch: Watch;
}

/** Milliseconds before the call of an answer that is out already is stored: what its caller asks next goes first. */
const AFTERWARDS_MS = 3;

async function relay(
  services: ModelServices,
  call: ModelCall,
  exchange: Exchange,
  { acceptance, end, watch }: Course,
): Promise<Ending> {
  const started = performance.now();
  if (isStreamed(call)) {
    // It is on its way long before it ends.
    void acceptance.recorded();
  }
  const { outcome, attempts, failed } = await firstThatAnswers(services, call, exchange.headers, end);
  end.answered();
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
  // A failure is on record as one before it is told, always.
  const early = leavesEarly(outcome) || (outcome.kind === "whole" && acceptance.isBegun());
  let whole: Buffer | null = null;
  if (early && !(await acceptance.recorded())) {
    relayed.ending = "unrecorded";
    drop(outcome);
  } else if (outcome.kind !== "failure") {
    if (leavesEarly(outcome)) {
      watch.begin(end);
    }
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
  const { ending, status, target } = relayed;
  const tookMs = performance.now() - started;
  if (early && whole !== null && ending === "answered" && exchange.client !== null) {
    finish(call, outcome, { ending, status, target, whole, tokens: null, words: null }, exchange);
    readUsage(outcome, relayed.usage);
    const stored = recordCall(services, call, relayed, {
      tokens: tokensOf(call, relayed),
      tookMs,
      waitMs: AFTERWARDS_MS,
    });
    void services.models.track(stored.catch((error: unknown) => tellUnrecorded(services, call, error, "is out")));
    return ending;
  }
  readUsage(outcome, relayed.usage);
  const tokens = tokensOf(call, relayed);
  try {
    await recordCall(services, call, relayed, { tokens, tookMs, waitMs: 0 });
  } catch (error) {
    tellUnrecorded(services, call, error, "is cut");
    cut(call, exchange, { inStream: outcome.kind === "stream", code: "unavailable", failure: UNRECORDED });
    return ending;
  }
  finish(call, outcome, { ending, status, target, whole, tokens, words: end.words }, exchange);
  return ending;
}

function tellUnrecorded({ log }: ModelServices, { caller }: ModelCall, error: unknown, answer: string): void {
  const { grant, requestId } = caller;
  log.error(
    { err: error, runId: grant?.runId, requestId },
    `a model call could not be recorded or counted; its answer ${answer}`,
  );
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

/** What an answer in one piece used; a stream is read on its way. */
function readUsage(outcome: Outcome, usage: UsageReader): void {
  if (outcome.kind === "whole" && outcome.answer.rest === null) {
    usage.readWhole(outcome.answer.bytes.toString());
  }
}

/** @returns what is sent in one piece; an answer that is too large for that is on its way already, and the result null. */
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
  if (translator === null) {
    return answer.bytes;
  }
  const body = parseObject(answer.bytes.toString());
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
  const { response } = exchange;
  response.writeHead(status, headersOf(exchange, headers, target));
  // The head leaves in this turn of the event loop, in one piece with what of the body has come by its end.
  const { socket } = response;
  socket?.cork();
  response.flushHeaders();
  process.nextTick(() => socket?.uncork());
  const passage = { body, response, usage, hideUsage, signal: end.signal };
  await passEvents({ ...passage, translator: translator?.stream() ?? null });
}

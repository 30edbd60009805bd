/** `POST /api/v1/messages`: the whole pipeline for one message. Knows no transport. */
import type { Principal } from "#server/access/schema.ts";
import { actorOf, type Exchange } from "#server/gateway/answer.ts";
import { dispatch, type Dispatched, type MessageFacts } from "#server/gateway/dispatch.ts";
import { json, type Outgoing } from "#server/gateway/exchange.ts";
import { parseText } from "#server/gateway/grammar.ts";
import { identify } from "#server/gateway/identify.ts";
import { readJson, validate } from "#server/gateway/read-json.ts";
import { replyOfRun } from "#server/gateway/reply.ts";
import { streamRun } from "#server/gateway/run-stream.ts";
import { IdempotencyKey, MessageBody, RunBody } from "#server/gateway/schema.ts";
import type { GatewayServices } from "#server/gateway/services.ts";
import { isFinal, type RunView } from "#server/sandbox/schema.ts";

type Identified = Exchange & { principal: Principal };

/** A connection is not held longer than this for a run; the answer is then 202 and the run goes on (milliseconds). */
const LONGEST_WAIT_MS = 300_000;

export async function postMessage(services: GatewayServices, exchange: Exchange): Promise<Outgoing> {
  const identified = withPrincipal(services, exchange);
  const body = await readJson(exchange.incoming, MessageBody);
  return respond(services, identified, {
    channel: body.channel,
    userId: body.user ?? null,
    parsed: parseText(body.text),
    idempotencyKey: idempotencyKeyOf(exchange),
  });
}

/** `POST /api/v1/runs`: the `run` command with its parts as fields. */
export async function postRun(services: GatewayServices, exchange: Exchange): Promise<Outgoing> {
  const identified = withPrincipal(services, exchange);
  const body = await readJson(exchange.incoming, RunBody);
  return respond(services, identified, {
    channel: body.channel,
    userId: body.user ?? null,
    parsed: { command: "run", args: `${body.language}\n${body.code}` },
    idempotencyKey: idempotencyKeyOf(exchange),
  });
}

export function withPrincipal(services: GatewayServices, exchange: Exchange): Identified {
  const principal = identify(services, exchange.incoming);
  exchange.principal = principal;
  return Object.assign(exchange, { principal });
}

function idempotencyKeyOf({ incoming }: Exchange): string | undefined {
  const key = incoming.header("idempotency-key");
  return key === undefined ? undefined : validate(IdempotencyKey, key);
}

async function respond(services: GatewayServices, exchange: Identified, facts: MessageFacts): Promise<Outgoing> {
  const dispatched = await dispatch(services, exchange, facts);
  const { result, decision, admission, received } = dispatched;
  const view = { code: decision.code, because: decision.because, role: decision.role };
  if (result.kind === "text") {
    await services.audit.append([received, repliedEvent(dispatched, exchange, { characters: result.text.length })]);
    admission.ticket.settle("succeeded");
    return json(200, { reply: { text: result.text }, decision: view }, admission.headers);
  }
  const { incoming } = exchange;
  const { runId } = result;
  if (prefersAsync(incoming.header("prefer"))) {
    return accepted(services, exchange, dispatched, runId);
  }
  if (incoming.header("accept")?.includes("text/event-stream") === true) {
    const finish = (run: RunView): Promise<unknown> => answerRun(services, exchange, dispatched, run);
    return {
      status: 200,
      headers: admission.headers,
      body: streamRun(services, { runId, signal: incoming.signal, finish }),
    };
  }
  const run = await services.runs.waitForEnd(runId, { timeoutMs: LONGEST_WAIT_MS, signal: incoming.signal });
  if (!isFinal(run.state)) {
    return accepted(services, exchange, dispatched, runId);
  }
  return json(200, await answerRun(services, exchange, dispatched, run), admission.headers);
}

/** The body for a finished run, once its reply is on record. */
async function answerRun(
  services: GatewayServices,
  exchange: Identified,
  dispatched: Dispatched,
  run: RunView,
): Promise<unknown> {
  const text = replyOfRun(run);
  const { decision, admission } = dispatched;
  const outcome = { run: run.state, reason: run.reason, characters: text.length };
  await services.audit.append([repliedEvent(dispatched, exchange, outcome, run.id)]);
  admission.ticket.settle(run.state === "succeeded" ? "succeeded" : "failed");
  return {
    reply: { text },
    runId: run.id,
    run: { state: run.state, exitCode: run.exitCode, reason: run.reason, usage: run.usage },
    decision: { code: decision.code, because: decision.because, role: decision.role },
  };
}

async function accepted(
  services: GatewayServices,
  exchange: Identified,
  dispatched: Dispatched,
  runId: string,
): Promise<Outgoing> {
  await services.audit.append([repliedEvent(dispatched, exchange, { run: "accepted" }, runId)]);
  dispatched.admission.ticket.settle("succeeded");
  const headers = { ...dispatched.admission.headers, location: `/api/v1/runs/${runId}` };
  return json(202, { runId, follow: `/api/v1/runs/${runId}/events` }, headers);
}

function repliedEvent(
  { received }: Dispatched,
  { principal, incoming }: Identified,
  data: Record<string, string | number | null>,
  target?: string,
) {
  return {
    ...received,
    event: "message.replied" as const,
    actor: actorOf(principal, incoming.address),
    target,
    data,
  };
}

/** RFC 7240: preferences are comma-separated tokens. */
function prefersAsync(header: string | undefined): boolean {
  return header?.split(",").some((preference) => preference.trim().toLowerCase() === "respond-async") ?? false;
}

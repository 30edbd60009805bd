/** `POST /api/v1/messages`: the whole pipeline for one message. Knows no transport. */
import type { z } from "zod";
import type { Permission } from "#server/access/index.ts";
import type { Identified } from "#server/gateway/answer.ts";
import { mayAccess } from "#server/gateway/authorize.ts";
import { withBodyRoom } from "#server/gateway/body-room.ts";
import { dispatch, type Dispatched } from "#server/gateway/dispatch.ts";
import { json, type Outgoing } from "#server/gateway/exchange.ts";
import { parseText, type ParsedText } from "#server/gateway/grammar.ts";
import { answerAccepted, answerRun, answerText } from "#server/gateway/outcome.ts";
import { watchCredential } from "#server/gateway/live-stream.ts";
import { lockedRefusal } from "#server/gateway/locks.ts";
import { readJson, validate } from "#server/gateway/read-json.ts";
import { streamRun } from "#server/gateway/run-stream.ts";
import { Refusal } from "#server/gateway/refusal.ts";
import { IdempotencyKey, MAX_BODY_BYTES, MessageBody, RunBody } from "#server/gateway/schema.ts";
import type { GatewayServices } from "#server/gateway/services.ts";
import type { Lock } from "#server/incidents/index.ts";
import { isFinal, type RunView } from "#server/sandbox/schema.ts";

/** A connection is not held longer than this for a run; the answer is then 202 and the run goes on (milliseconds). */
const LONGEST_WAIT_MS = 300_000;
/** Who has none of these starts no run and needs no large body. */
const RUN_PERMISSIONS: readonly Permission[] = ["runs:create", "messages:send"];

export async function postMessage(services: GatewayServices, exchange: Identified): Promise<Outgoing> {
  const dispatched = await receive(services, exchange, MessageBody, ({ text }) => parseText(text));
  return respond(services, exchange, dispatched);
}

/** `POST /api/v1/runs`: the `run` command with its parts as fields. */
export async function postRun(services: GatewayServices, exchange: Identified): Promise<Outgoing> {
  const dispatched = await receive(services, exchange, RunBody, ({ language, code }) => ({
    command: "run",
    args: `${language}\n${code}`,
  }));
  return respond(services, exchange, dispatched);
}

/** Reads a message and acts on it. The body and its files are let go with it, before anybody waits for a run. */
async function receive<Body extends z.ZodType<z.output<typeof MessageBody | typeof RunBody>>>(
  services: GatewayServices,
  exchange: Identified,
  schema: Body,
  parsedOf: (body: z.output<Body>) => ParsedText,
): Promise<Dispatched> {
  const { incoming, principal } = exchange;
  const policy = services.policy.current();
  const mayAttach = RUN_PERMISSIONS.some((permission) => mayAccess(policy, principal, permission));
  const read = async (limitBytes: number): Promise<Dispatched> => {
    const body = await readJson(incoming, schema, limitBytes);
    const { channel, user, profile, files, outputs } = body;
    return await dispatch(services, exchange, {
      channel,
      userId: user ?? null,
      parsed: parsedOf(body),
      idempotencyKey: idempotencyKeyOf(exchange),
      options: { profile, files, outputs },
    });
  };
  return await (mayAttach ? withBodyRoom(incoming, read) : read(MAX_BODY_BYTES));
}

function idempotencyKeyOf({ incoming }: Identified): string | undefined {
  const key = incoming.header("idempotency-key");
  return key === undefined ? undefined : validate(IdempotencyKey, key);
}

async function respond(services: GatewayServices, exchange: Identified, dispatched: Dispatched): Promise<Outgoing> {
  const { result, admission } = dispatched;
  if (result.kind === "text" && result.approvalId !== undefined) {
    const body = await answerText(services, exchange, dispatched, result.text);
    const follow = `/api/v1/approvals/${result.approvalId}`;
    const headers = { ...admission.headers, location: follow };
    return json(202, { ...body, approvalId: result.approvalId, follow }, headers);
  }
  if (result.kind === "text") {
    return json(200, await answerText(services, exchange, dispatched, result.text), admission.headers);
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
  const run = await waitForRun(services, exchange, runId);
  if (!isFinal(run.state)) {
    return accepted(services, exchange, dispatched, runId);
  }
  return json(200, await answerRun(services, exchange, dispatched, run), admission.headers);
}

/** The run once it has ended, or as it stands when waiting ends. @throws Refusal UNAUTHENTICATED when the caller's token ends meanwhile. */
async function waitForRun(services: GatewayServices, exchange: Identified, runId: string): Promise<RunView> {
  const { incoming } = exchange;
  const ended = new AbortController();
  const stopWatching = watchCredential(services, exchange, (lock) => ended.abort(lock));
  // A stop of the server leaves the run to go on: the answer is then where to find it.
  const left = new AbortController();
  const stopHearing = services.draining.listen(() => left.abort());
  const signal = AbortSignal.any([incoming.signal, left.signal, ended.signal]);
  const run = await services.runs.waitForEnd(runId, { timeoutMs: LONGEST_WAIT_MS, signal }).finally(() => {
    stopWatching();
    stopHearing();
  });
  const lock = ended.signal.aborted ? (ended.signal.reason as Lock | null) : null;
  if (lock !== null) {
    throw lockedRefusal(lock, exchange.principal);
  }
  if (ended.signal.aborted) {
    const message = `The token of this request has ended; the run goes on. Read it with a valid token: GET /api/v1/runs/${runId}`;
    throw new Refusal("UNAUTHENTICATED", message, { event: "auth.token_rejected", reason: "ended", target: runId });
  }
  return run;
}

async function accepted(
  services: GatewayServices,
  exchange: Identified,
  dispatched: Dispatched,
  runId: string,
): Promise<Outgoing> {
  const body = await answerAccepted(services, exchange, dispatched, runId);
  return json(202, body, { ...dispatched.admission.headers, location: `/api/v1/runs/${runId}` });
}

/** RFC 7240: preferences are comma-separated tokens. */
function prefersAsync(header: string | undefined): boolean {
  return header?.split(",").some((preference) => preference.trim().toLowerCase() === "respond-async") ?? false;
}

/**
 * One call of a model: passed to the provider and back, then counted and recorded in one transaction, and only then ended. Whatever happens
 * on the way, what was set aside for the call is given back or counted.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Dispatcher } from "undici";
import { recordEvents } from "#server/audit/index.ts";
import { withTx } from "#server/core/db/client.ts";
import { isAppError } from "#server/core/errors.ts";
import { refusalOf } from "#server/core/net/outgoing.ts";
import { errorBody } from "#server/models/api-error.ts";
import { settle } from "#server/models/budget.ts";
import type { Grant } from "#server/models/grant.ts";
import { errorText, passEvents, passWhole } from "#server/models/pass-through.ts";
import type { ResolvedModel, Route } from "#server/models/resolve.ts";
import type { ModelServices } from "#server/models/services.ts";
import { callProvider, headersBack, keyOf, type ProviderAnswer } from "#server/models/upstream.ts";
import { estimateTokens, UsageReader } from "#server/models/usage.ts";

/** Tells the worker's end of the socket what the call used. */
const USAGE_TRAILER = "x-openclaw-usage";
const MAX_ERROR_BYTES = 64 * 1024;

export interface ModelCall extends ResolvedModel {
  grant: Grant;
  route: Route & { upstream: string };
  /** What the provider is sent. */
  body: string;
  /** Size of the program's request in bytes. */
  bytes: number;
  /** Tokens set aside. */
  reserved: number;
  /** The program did not ask for usage in its stream. */
  hideUsage: boolean;
}

/** How a call ended. */
type Ending =
  | "answered"
  | "provider_error"
  | "provider_unreachable"
  | "provider_address_refused"
  | "provider_broke_off"
  | "provider_refused_key"
  | "provider_redirected"
  | "provider_encoded"
  | "key_missing"
  | "timeout"
  | "caller_gone"
  | "stopping";

/** Endings without a usable answer, while nothing of it has been sent: status and what the program is told. No host, no key. */
const FAILURES: Readonly<Partial<Record<Ending, [status: number, message: string]>>> = {
  provider_unreachable: [502, "The model's provider could not be reached. Try again later."],
  provider_address_refused: [
    502,
    "The address of the model's provider is not open to the gateway. The gateway's administrator finds it in the log, and opens addresses of the own network in security.outbound.allowedPrivate.",
  ],
  provider_broke_off: [502, "The model's provider broke the connection off. Try again."],
  provider_refused_key: [
    502,
    "The model's provider refused the gateway's key. The gateway's administrator has to correct it.",
  ],
  provider_redirected: [
    502,
    "The model's provider answered with a redirect, which is not followed. The gateway's administrator has to correct its baseUrl.",
  ],
  provider_encoded: [502, "The model's provider answered in an encoding that was not asked for."],
  key_missing: [
    503,
    "The key of the model's provider is not set or cannot be read. The gateway's administrator finds the reason in its log.",
  ],
  timeout: [504, "The model did not answer within models.timeout. Ask for less, or raise it."],
  stopping: [503, "The gateway is stopping. Try again later."],
};

interface Relayed {
  ending: Ending;
  /** The provider's; null = it did not answer. */
  status: number | null;
  usage: UsageReader;
  /** Bytes of an answer that was no stream. */
  wholeBytes: number;
  /** The answer of a provider's error, which is sent once the call is recorded. */
  error: { headers: ReturnType<typeof headersBack>; text: string } | null;
}

/** @param stopping aborted when the process ends */
export async function relayCall(
  services: ModelServices,
  agent: Dispatcher,
  call: ModelCall,
  request: IncomingMessage,
  response: ServerResponse,
  stopping: AbortSignal,
): Promise<void> {
  const started = performance.now();
  const caller = new AbortController();
  response.once("close", () => caller.abort());
  if (response.destroyed) {
    caller.abort();
  }
  const timeout = AbortSignal.timeout(services.config.current().config.models.timeout);
  const signal = AbortSignal.any([caller.signal, timeout, stopping]);
  const relayed: Relayed = { ending: "answered", status: null, usage: new UsageReader(), wholeBytes: 0, error: null };
  try {
    const key = keyOf(services.config, call.provider);
    await exchange(agent, { ...call, key }, request, response, signal, relayed);
  } catch (error) {
    relayed.ending = endingOf(error, relayed, { caller: caller.signal, timeout, stopping });
    services.log.warn(
      { runId: call.grant.runId, model: call.model, ending: relayed.ending, error: kindOf(error) },
      "a model call failed",
    );
  }
  const tokens = tokensOf(call, relayed);
  try {
    await record(services, call, relayed, tokens, performance.now() - started);
  } catch (error) {
    services.log.error(
      { err: error, runId: call.grant.runId },
      "a model call could not be recorded; its answer is cut",
    );
    response.destroy();
    return;
  }
  finish(call, relayed, response, tokens);
}

async function exchange(
  agent: Dispatcher,
  call: ModelCall & { key: string | null },
  request: IncomingMessage,
  response: ServerResponse,
  signal: AbortSignal,
  relayed: Relayed,
): Promise<void> {
  const to = { provider: call.provider, path: call.route.upstream, key: call.key };
  const answer = await callProvider(agent, to, request.headers, call.body, signal);
  relayed.status = answer.statusCode;
  const refused = unusable(answer);
  if (refused !== null) {
    relayed.ending = refused;
    // Only to free the connection: what it says is not wanted.
    answer.body.on("error", () => undefined).destroy();
    return;
  }
  const headers = headersBack(answer.headers);
  if (answer.statusCode >= 400) {
    relayed.ending = "provider_error";
    relayed.error = { headers, text: await errorText(answer.body, call.key, MAX_ERROR_BYTES) };
    return;
  }
  response.writeHead(answer.statusCode, { ...headers, trailer: USAGE_TRAILER });
  response.flushHeaders();
  const { usage } = relayed;
  const passed = { body: answer.body, response, usage, signal };
  if (String(answer.headers["content-type"] ?? "").startsWith("text/event-stream")) {
    await passEvents({ ...passed, hideUsage: call.hideUsage });
  } else {
    relayed.wholeBytes = await passWhole(passed);
  }
}

function unusable({ statusCode, headers }: ProviderAnswer): Ending | null {
  if (statusCode === 401) {
    return "provider_refused_key";
  }
  if (statusCode >= 300 && statusCode < 400) {
    return "provider_redirected";
  }
  return (headers["content-encoding"] ?? "identity") === "identity" ? null : "provider_encoded";
}

function endingOf(
  error: unknown,
  { status }: Relayed,
  signals: Record<"caller" | "timeout" | "stopping", AbortSignal>,
): Ending {
  if (signals.caller.aborted) {
    return "caller_gone";
  }
  if (signals.timeout.aborted) {
    return "timeout";
  }
  if (signals.stopping.aborted) {
    return "stopping";
  }
  if (isAppError(error) && (error.code === "NOT_CONFIGURED" || error.code === "CANNOT_DECRYPT")) {
    return "key_missing";
  }
  if (refusalOf(error) !== null) {
    return "provider_address_refused";
  }
  return status === null ? "provider_unreachable" : "provider_broke_off";
}

/** Of an error only what cannot hold a path or a key: ours name the key's place in the configuration, or the host that was refused. */
function kindOf(error: unknown): string {
  const own = isAppError(error) ? error : refusalOf(error);
  if (own !== null) {
    return own.message;
  }
  const code = typeof error === "object" && error !== null && "code" in error ? String(error.code) : "";
  return code || (error instanceof Error ? error.name : "unknown");
}

interface Tokens {
  input: number;
  output: number;
  /** The provider did not say. */
  estimated: boolean;
}

const NO_TOKENS: Tokens = { input: 0, output: 0, estimated: false };

/** What the call is counted with: what the provider says; an estimate where it was asked and did not get to saying so. */
function tokensOf(call: ModelCall, { ending, status, usage, wholeBytes }: Relayed): Tokens {
  const unanswered = ending !== "caller_gone" && ending !== "timeout" && ending !== "stopping";
  if (call.reserved === 0 || (status === null ? unanswered : status >= 300)) {
    return NO_TOKENS;
  }
  const { inputTokens, outputTokens } = usage.said;
  if (usage.complete) {
    return { input: inputTokens ?? 0, output: outputTokens ?? 0, estimated: false };
  }
  const output = Math.max(outputTokens ?? 0, estimateTokens(usage.textBytes + wholeBytes));
  return { input: inputTokens ?? estimateTokens(call.bytes), output, estimated: true };
}

async function record(
  { db }: ModelServices,
  { grant, model, route, reserved }: ModelCall,
  { ending, status }: Relayed,
  tokens: Tokens,
  tookMs: number,
): Promise<void> {
  await withTx(db, async (tx) => {
    await settle(tx, grant, reserved, tokens.input + tokens.output);
    await recordEvents(tx, [
      {
        event: "model.called",
        outcome: ending === "answered" ? "ok" : "failed",
        actor: { type: "system", id: "models" },
        ...grant.origin,
        target: grant.runId,
        reason: ending,
        data: {
          model,
          path: route.path,
          status,
          inputTokens: tokens.input,
          outputTokens: tokens.output,
          estimated: tokens.estimated,
          wallMs: Math.round(tookMs),
        },
      },
    ]);
  });
}

function finish(call: ModelCall, { ending, status, error }: Relayed, response: ServerResponse, tokens: Tokens): void {
  if (ending === "answered") {
    response.addTrailers({ [USAGE_TRAILER]: usageText(call.model, tokens) });
    response.end();
    return;
  }
  if (response.headersSent || ending === "caller_gone") {
    // Half an answer must not look like a whole one.
    response.destroy();
    return;
  }
  const failure = FAILURES[ending];
  const [failureStatus, message] = failure ?? [502, "The model's provider failed."];
  response.writeHead(error === null ? failureStatus : (status ?? failureStatus), {
    ...(error?.headers ?? { "content-type": "application/json" }),
    trailer: USAGE_TRAILER,
  });
  response.write(error?.text ?? errorBody(call.route.api, failureStatus, ending, message));
  response.addTrailers({ [USAGE_TRAILER]: usageText(call.model, tokens) });
  response.end();
}

const usageText = (model: string, { input, output }: Tokens): string =>
  JSON.stringify({ model, inputTokens: input, outputTokens: output });

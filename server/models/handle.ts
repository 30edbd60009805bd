/** A request on the internal socket: who calls, what, may they, is there budget left; then the call. A refusal is recorded before it is answered. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AuditEventInput } from "#server/audit/schema.ts";
import { errorBody, ModelRefusal } from "#server/models/api-error.ts";
import { acceptCall } from "#server/models/accept.ts";
import type { Stopping } from "#server/models/ending.ts";
import { callerOf, proveRun, type Grant, type Proof } from "#server/models/grant.ts";
import type { ApiType } from "#server/models/policy.ts";
import { relayCall } from "#server/models/relay.ts";
import { readBody } from "#server/models/read-body.ts";
import { apiOf, findRoute, modelList, modelsOfAll, UNKNOWN_PATH } from "#server/models/resolve.ts";
import { withoutRunTokens } from "#server/models/run-token.ts";
import type { ModelServices } from "#server/models/services.ts";

/** Calls of one run at a time. */
const MAX_CALLS_AT_ONCE = 16;

const REASONS: Readonly<Record<Extract<Proof, { ok: false }>["reason"], string>> = {
  token_missing: "Send the run's token: Authorization: Bearer $OPENCLAW_RUN_TOKEN.",
  token_malformed: "This is no run token. Send the one in OPENCLAW_RUN_TOKEN.",
  token_unknown: "This run token is not valid. Send the one in OPENCLAW_RUN_TOKEN.",
  run_ended: "The run of this token has ended, and its token with it.",
};

type ModelHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

export function createModelHandler(services: ModelServices, stopping: Stopping): ModelHandler {
  const busy = new Map<string, number>();
  return async (request, response) => {
    const url = request.url ?? "";
    const api = apiOf(url);
    /** What is known of the caller so far, for the record of a refusal. */
    const known: { runId?: string; origin?: Grant["origin"] } = {};
    try {
      const proof = await proveRun(services.pool, request.headers);
      known.runId = (proof.ok ? proof.grant.runId : proof.runId) ?? undefined;
      if (!proof.ok) {
        throw new ModelRefusal(401, proof.reason, REASONS[proof.reason]);
      }
      const { grant } = proof;
      known.origin = grant.origin;
      const route = findRoute(request.method ?? "", url);
      if (route === null) {
        throw new ModelRefusal(404, "path_unknown", UNKNOWN_PATH);
      }
      if (route.upstream === null) {
        response
          .writeHead(200, { "content-type": "application/json" })
          .end(JSON.stringify(modelList(modelsOfAll(grant.models))));
        return;
      }
      const calls = busy.get(grant.runId) ?? 0;
      if (calls >= MAX_CALLS_AT_ONCE) {
        const message = `A run may have ${MAX_CALLS_AT_ONCE} calls of models at a time. Wait until one has ended.`;
        throw new ModelRefusal(429, "too_many_calls", message);
      }
      busy.set(grant.runId, calls + 1);
      try {
        const { upstream } = route;
        const call = await acceptCall(services, callerOf(grant), { ...route, upstream }, await readBody(request));
        await relayCall(services, call, { headers: request.headers, response, stopping, client: null });
      } finally {
        const left = (busy.get(grant.runId) ?? 1) - 1;
        if (left > 0) {
          busy.set(grant.runId, left);
        } else {
          busy.delete(grant.runId);
        }
      }
    } catch (error) {
      await refuse(services, api, known, error, request, response);
    }
  };
}

async function refuse(
  services: ModelServices,
  api: ApiType,
  { runId, origin }: { runId?: string; origin?: Grant["origin"] },
  error: unknown,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.destroyed && !request.complete) {
    // The caller left before it had said what it wants: nothing was decided.
    response.destroy();
    return;
  }
  const refusal = await recorded(services, { runId, origin }, error, request);
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.writeHead(refusal.status, {
    "content-type": "application/json",
    // Both SDKs would try again after a 429, which helps only where another call has to end first.
    ...(refusal.status < 500 && refusal.code !== "too_many_calls" ? { "x-should-retry": "false" } : {}),
  });
  response.end(errorBody(api, refusal.status, refusal.code, refusal.message));
}

/** The refusal to answer with, once it is on record; where that is not possible, or something else failed, a failure. */
async function recorded(
  { refusals, log }: ModelServices,
  { runId, origin }: { runId?: string | undefined; origin?: Grant["origin"] | undefined },
  error: unknown,
  request: IncomingMessage,
): Promise<ModelRefusal> {
  try {
    if (!(error instanceof ModelRefusal)) {
      throw error;
    }
    const event: AuditEventInput = {
      event: "model.refused",
      outcome: "denied",
      actor: { type: "system", id: "models" },
      ...origin,
      target: runId,
      reason: error.code,
      because: error.because,
      data: {
        status: error.status,
        model: error.model ?? null,
        path: withoutRunTokens((request.url ?? "").split("?", 1)[0] ?? ""),
      },
    };
    // A program in a loop must not fill the record: its refusals of one kind are counted together.
    await refusals.record(`model.refused|${runId ?? ""}|${error.code}`, event);
    return error;
  } catch (failure) {
    log.error({ err: failure, runId }, "a model call could not be decided or recorded");
    return new ModelRefusal(503, "unavailable", "The gateway cannot decide about this call now. Try again later.");
  }
}

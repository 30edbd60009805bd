/** The gateway's API as one Hono app: routes in, transport-free handlers out. Mounted by `server/main.ts` and by Next's route handlers. */
import { OpenAPIHono } from "@hono/zod-openapi";
import type { Context } from "hono";
import { AppError } from "#server/core/errors.ts";
import { newRequestId } from "#server/core/ids.ts";
import { answer, errorReply, type Exchange, type Handler } from "#server/gateway/answer.ts";
import type { Incoming, Outgoing } from "#server/gateway/exchange.ts";
import { liveness, readiness, startup, type HealthProbe } from "#server/gateway/health.ts";
import { postMessage, postRun } from "#server/gateway/messages.ts";
import { describeApi } from "#server/gateway/openapi.ts";
import { deleteRun, getOneRun, getRunEvents, getRuns } from "#server/gateway/runs.ts";
import type { GatewayServices } from "#server/gateway/services.ts";
import { getWhoAmI } from "#server/gateway/whoami.ts";

/** What the server process knows about a request and Hono does not. */
interface TransportFacts {
  address: string;
}

export interface GatewayAppOptions {
  services: GatewayServices;
  health: HealthProbe;
  version: string;
}

export type GatewayApp = OpenAPIHono<{ Bindings: { facts?: TransportFacts } }>;
type GatewayContext = Context<{ Bindings: { facts?: TransportFacts } }>;

export function createGatewayApp({ services, health, version }: GatewayAppOptions): GatewayApp {
  const app: GatewayApp = new OpenAPIHono();
  const api = (handler: Handler) => async (context: GatewayContext) =>
    toResponse(await answer(services, toIncoming(context), handler));
  const onRun =
    (handler: (services: GatewayServices, exchange: Exchange, runId: string) => Promise<Outgoing>) =>
    (context: GatewayContext) => {
      const runId = context.req.param("id") ?? "";
      return api((held, exchange) => handler(held, exchange, runId))(context);
    };

  app.post("/api/v1/messages", api(postMessage));
  app.get("/api/v1/runs", api(getRuns));
  app.post("/api/v1/runs", api(postRun));
  app.get("/api/v1/runs/:id", onRun(getOneRun));
  app.delete("/api/v1/runs/:id", onRun(deleteRun));
  app.get("/api/v1/runs/:id/events", onRun(getRunEvents));
  app.get("/api/v1/whoami", api(getWhoAmI));
  for (const path of [
    "/api/v1/messages",
    "/api/v1/runs",
    "/api/v1/runs/:id",
    "/api/v1/runs/:id/events",
    "/api/v1/whoami",
  ]) {
    app.all(path, (context) =>
      failed(
        context,
        new AppError("METHOD_NOT_ALLOWED", `${context.req.method} is not possible here. See /openapi.json.`),
      ),
    );
  }

  app.get("/healthz", () => toResponse(liveness()));
  app.get("/readyz", async () => toResponse(await readiness(health)));
  app.get("/startupz", () => toResponse(startup(health)));
  describeApi(app, version);

  app.notFound((context) =>
    failed(context, new AppError("NOT_FOUND", "There is nothing at this address. See /openapi.json for the API.")),
  );
  app.onError((error, context) => {
    services.log.error({ err: error, path: context.req.path }, "request failed outside its handler");
    return failed(context, new AppError("INTERNAL", "The gateway failed on this request. Its log says more."));
  });
  return app;
}

const failed = (_context: Context, error: AppError): Response => toResponse(errorReply(error, newRequestId()));

function toIncoming(context: GatewayContext): Incoming {
  const { raw } = context.req;
  return {
    method: raw.method,
    path: context.req.path,
    query: new URL(raw.url).searchParams,
    header: (name) => raw.headers.get(name) ?? undefined,
    address: context.env.facts?.address ?? "unknown",
    requestId: newRequestId(),
    readBody: (limit) => readWebBody(raw, limit),
    signal: raw.signal,
  };
}

function toResponse({ status, headers, body }: Outgoing): Response {
  if (typeof body === "string") {
    return new Response(body, { status, headers });
  }
  return new Response(toWebStream(body), { status, headers: { ...headers, ...STREAM_HEADERS } });
}

function toWebStream(body: AsyncIterable<string>): ReadableStream<Uint8Array> {
  const chunks = body[Symbol.asyncIterator]();
  const encoder = new TextEncoder();
  return new ReadableStream({
    async pull(controller) {
      const step = await chunks.next();
      if (step.done === true) {
        controller.close();
      } else {
        controller.enqueue(encoder.encode(step.value));
      }
    },
    async cancel() {
      await chunks.return?.();
    },
  });
}

export const STREAM_HEADERS = {
  "content-type": "text/event-stream; charset=utf-8",
  "x-accel-buffering": "no",
} as const;

export const tooLarge = (limit: number): AppError =>
  new AppError("PAYLOAD_TOO_LARGE", `The body is larger than ${limit} bytes. Send less in one request.`, {
    details: { limitBytes: limit },
  });

async function readWebBody(request: Request, limit: number): Promise<Buffer> {
  if (Number(request.headers.get("content-length") ?? 0) > limit) {
    throw tooLarge(limit);
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.length;
    if (size > limit) {
      throw tooLarge(limit);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

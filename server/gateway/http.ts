/** The gateway's API as one Hono app: routes in, transport-free handlers out. Mounted by `server/main.ts` and by Next's route handlers. */
import { OpenAPIHono } from "@hono/zod-openapi";
import type { Context } from "hono";
import { faultEvent } from "#server/audit/index.ts";
import { AppError } from "#server/core/errors.ts";
import { newRequestId } from "#server/core/ids.ts";
import { answer, complete, errorReply } from "#server/gateway/answer.ts";
import { isWhole, type Incoming, type Outgoing } from "#server/gateway/exchange.ts";
import { liveness, readiness, startup, type HealthProbe } from "#server/gateway/health.ts";
import { describeApi } from "#server/gateway/openapi.ts";
import { ALL_ROUTES, API_ROUTES, MODEL_ROUTES } from "#server/gateway/routes.ts";
import type { GatewayServices } from "#server/gateway/services.ts";

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
  const failed = (error: AppError): Response => {
    const requestId = newRequestId();
    return toResponse(complete(services, errorReply(error, requestId), requestId));
  };

  for (const route of API_ROUTES) {
    app.on(route.method, route.path, async (context) =>
      toResponse(await answer(services, toIncoming(context), route, context.req.param())),
    );
  }
  for (const { method, path } of MODEL_ROUTES) {
    app.on(method, path, () =>
      failed(new AppError("NOT_FOUND", "The API of models answers on the gateway's own port. See docs/models.md.")),
    );
  }
  for (const path of new Set(ALL_ROUTES.map((route) => route.path))) {
    app.all(path, (context) =>
      failed(new AppError("METHOD_NOT_ALLOWED", `${context.req.method} is not possible here. See /openapi.json.`)),
    );
  }

  app.get("/healthz", () => toResponse(liveness()));
  app.get("/readyz", async () => toResponse(await readiness(health)));
  app.get("/startupz", () => toResponse(startup(health)));
  describeApi(app, version);

  app.notFound(() =>
    failed(new AppError("NOT_FOUND", "There is nothing at this address. See /openapi.json for the API.")),
  );
  app.onError(async (error, context) => {
    const { method, path } = context.req;
    services.log.error({ err: error, path }, "request failed outside its handler");
    const fault = faultEvent("request_failed", error, { type: "system", id: "server" }, `${method} ${path}`);
    await services.audit
      .append([fault])
      .catch((failure: unknown) => services.log.error({ err: failure }, "a failed request could not be recorded"));
    return failed(new AppError("INTERNAL", "The gateway failed on this request. Its log says more."));
  });
  return app;
}

function toIncoming(context: GatewayContext): Incoming {
  const { raw } = context.req;
  return {
    method: raw.method,
    path: context.req.path,
    query: new URL(raw.url).searchParams,
    header: (name) => raw.headers.get(name) ?? undefined,
    address: context.env.facts?.address ?? "unknown",
    requestId: newRequestId(raw.headers.get("traceparent") ?? undefined),
    readBody: (limit) => readWebBody(raw, limit),
    signal: raw.signal,
  };
}

function toResponse({ status, headers, body }: Outgoing): Response {
  if (isWhole(body)) {
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

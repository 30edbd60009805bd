/**
 * The hottest route straight on `node:http`: a Hono context costs about half of what a bare handler serves. Same handlers, same answers.
 */
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { AppError } from "#server/core/errors.ts";
import { newRequestId } from "#server/core/ids.ts";
import { answer, type ApiRoute } from "#server/gateway/answer.ts";
import { isWhole, type Incoming, type Outgoing } from "#server/gateway/exchange.ts";
import { STREAM_HEADERS, tooLarge } from "#server/gateway/http.ts";
import { API_ROUTES } from "#server/gateway/routes.ts";
import type { GatewayServices } from "#server/gateway/services.ts";

/** Milliseconds a client has to send its body. */
const BODY_DEADLINE_MS = 15_000;
const HOT = "POST /api/v1/messages";
const HOT_ROUTES: ReadonlyMap<string, ApiRoute> = new Map(
  API_ROUTES.map((route): [string, ApiRoute] => [`${route.method} ${route.path}`, route]).filter(
    ([key]) => key === HOT,
  ),
);

export function hotRoute(request: IncomingMessage): ApiRoute | undefined {
  return HOT_ROUTES.get(`${request.method ?? ""} ${request.url ?? ""}`);
}

export async function serveOnNode(
  services: GatewayServices,
  request: IncomingMessage,
  response: ServerResponse,
  route: ApiRoute,
  address: string,
): Promise<void> {
  await send(response, await answer(services, incomingOf({ request, response, address }), route));
}

/** A request on `node:http` and where its answer goes. */
export interface Carrier {
  request: IncomingMessage;
  response: ServerResponse;
  address: string;
}

/** What the pipeline sees of it. */
export function incomingOf({ request, response, address }: Carrier): Incoming {
  const url = request.url ?? "";
  const mark = url.indexOf("?");
  const gone = goneSignal(response);
  return {
    method: request.method ?? "",
    path: mark < 0 ? url : url.slice(0, mark),
    query: new URLSearchParams(mark < 0 ? undefined : url.slice(mark + 1)),
    header: headerReader(request.headers),
    address,
    requestId: newRequestId(traceparentOf(request.headers)),
    readBody: (limit) => readNodeBody(request, response, limit),
    get signal() {
      return gone();
    },
  };
}

/** Node joins repeated ones, which then have no valid form. */
const traceparentOf = ({ traceparent }: IncomingHttpHeaders): string | undefined =>
  typeof traceparent === "string" ? traceparent : undefined;

/** Aborted when the client goes away before it has its answer. Made when first asked for: few calls ask, and a signal is not cheap. */
function goneSignal(response: ServerResponse): () => AbortSignal {
  let controller: AbortController | null = null;
  let left = false;
  response.on("close", () => {
    left = !response.writableFinished;
    if (left) {
      controller?.abort();
    }
  });
  return () => {
    if (controller === null) {
      controller = new AbortController();
      if (left) {
        controller.abort();
      }
    }
    return controller.signal;
  };
}

/** Repeated headers are joined as HTTP allows. */
export function headerReader(headers: IncomingHttpHeaders): Incoming["header"] {
  return (name) => {
    const value = headers[name];
    return typeof value === "string" ? value : value?.join(", ");
  };
}

/** Reads at most `limit` bytes. Tells a waiting client (`Expect: 100-continue`) to go on only now. */
async function readNodeBody(request: IncomingMessage, response: ServerResponse, limit: number): Promise<Buffer> {
  if (Number(request.headers["content-length"] ?? 0) > limit) {
    throw tooLarge(limit);
  }
  if (request.headers.expect?.toLowerCase() === "100-continue") {
    response.writeContinue();
  }
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const settle = (finish: () => void): void => {
      clearTimeout(timer);
      request.off("data", onData).off("end", onEnd).off("close", onClose);
      finish();
    };
    const onData = (chunk: Buffer): void => {
      size += chunk.length;
      if (size > limit) {
        request.pause();
        settle(() => reject(tooLarge(limit)));
      } else {
        chunks.push(chunk);
      }
    };
    const onEnd = (): void =>
      settle(() => resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, size)));
    const onClose = (): void =>
      settle(() => reject(new AppError("INVALID_INPUT", "The body ended before it was complete.")));
    const onLate = (): void =>
      settle(() => reject(new AppError("TIMEOUT", `The body did not arrive within ${BODY_DEADLINE_MS / 1000} s.`)));
    const timer = setTimeout(onLate, BODY_DEADLINE_MS);
    request.on("data", onData).on("end", onEnd).on("close", onClose);
  });
}

export async function send(response: ServerResponse, { status, headers, body }: Outgoing): Promise<void> {
  if (response.destroyed) {
    return;
  }
  if (!isWhole(body)) {
    response.writeHead(status, { ...headers, ...STREAM_HEADERS });
    response.flushHeaders();
    // A client that leaves ends the pipeline with an error; there is nobody left to tell.
    await pipeline(Readable.from(body), response).catch(() => undefined);
    return;
  }
  headers["content-length"] = String(Buffer.byteLength(body));
  response.writeHead(status, headers);
  response.end(body);
}

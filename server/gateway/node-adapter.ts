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
const HOT = { method: "POST", path: "/api/v1/messages" };
const HOT_ROUTE = API_ROUTES.find(({ method, path }) => method === HOT.method && path === HOT.path);

export const hotRoute = ({ method, url }: IncomingMessage): ApiRoute | undefined =>
  url === HOT.path && method === HOT.method ? HOT_ROUTE : undefined;

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
export const incomingOf = (carrier: Carrier): Incoming => new NodeIncoming(carrier);

/**
 * A class, because an accessor in an object literal makes a hidden class for each object, which keeps the whole request until the next full
 * collection. What few calls ask for is made when it is asked for.
 */
class NodeIncoming implements Incoming {
  readonly method: string;
  readonly path: string;
  readonly address: string;
  readonly requestId: string;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  #query: URLSearchParams | null = null;
  #gone: AbortController | null = null;

  constructor({ request, response, address }: Carrier) {
    const { url = "", method = "" } = request;
    const mark = url.indexOf("?");
    this.method = method;
    this.path = mark < 0 ? url : url.slice(0, mark);
    this.address = address;
    this.requestId = newRequestId(traceparentOf(request.headers));
    this.#request = request;
    this.#response = response;
  }

  get query(): URLSearchParams {
    const { url = "" } = this.#request;
    const mark = url.indexOf("?");
    return (this.#query ??= new URLSearchParams(mark < 0 ? undefined : url.slice(mark + 1)));
  }

  header(name: string): string | undefined {
    return headerOf(this.#request.headers, name);
  }

  readBody(limit: number): Promise<Buffer> {
    return readNodeBody(this.#request, this.#response, limit);
  }

  get signal(): AbortSignal {
    if (this.#gone === null) {
      const controller = new AbortController();
      const response = this.#response;
      const onClose = (): void => {
        if (!response.writableFinished) {
          controller.abort();
        }
      };
      this.#gone = controller;
      if (response.closed) {
        onClose();
      } else {
        response.once("close", onClose);
      }
    }
    return this.#gone.signal;
  }
}

/** Node joins repeated ones, which then have no valid form. */
const traceparentOf = ({ traceparent }: IncomingHttpHeaders): string | undefined =>
  typeof traceparent === "string" ? traceparent : undefined;

/** Repeated headers are joined as HTTP allows. */
export function headerOf(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === "string" ? value : value?.join(", ");
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

/**
 * The one way out of a container without a network: a socket of its run, behind which are models, the run's transcript and the egress proxy.
 * Threat: everything that arrives here is written by a hostile program. One listener per run, in a folder that only this run's container
 * has mounted: who speaks is known before a byte is read. The run token is asked for all the same wherever the gateway acts for the run, so
 * that a request another site tricks a browser or library in the container into sending does not count as the program's own.
 */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { join } from "node:path";
import { createCollapser } from "#server/audit/index.ts";
import type { AuditEventInput } from "#server/audit/schema.ts";
import { sameBytes } from "#server/core/crypto/same-bytes.ts";
import { endWithAnswer } from "#server/core/http/raw-answer.ts";
import { leaveUnreadBody } from "#server/core/http/unread-body.ts";
import type { Logger } from "#server/core/log.ts";
import { requestFault } from "#server/listen/request-form.ts";
import type { RunEvent } from "#server/sandbox/schema.ts";
import { LINK_SOCKET } from "#worker/launch/launch-script.ts";
import { answerError, errorBody, type ApiError } from "#worker/link/api-error.ts";
import { createEgressProxy, type EgressOptions } from "#worker/link/egress/proxy.ts";
import { relayModelCall } from "#worker/link/model-relay.ts";
import { createTranscriptDoor } from "#worker/link/transcript-door.ts";

type LinkEventKind = "model" | "egress" | "message" | "tool_call" | "tool_result";
type EventOf<Kind extends LinkEventKind> = Pick<Extract<RunEvent, { kind: Kind }>, "kind" | "data">;
/** What a run's stream is told. */
export type LinkEvent = { [Kind in LinkEventKind]: EventOf<Kind> }[LinkEventKind];

export interface RunLinkOptions {
  /** Existing folder of the host (mode 0711), mounted read-only into this run's container and no other. */
  folder: string;
  /** The run token; never logged. */
  token: string;
  grants: { models: boolean; egress: { domains: readonly string[] } };
  /** Socket of the server process that calls models. */
  modelSocket: string;
  /** Whose doing it is, in every event of the record. */
  origin: Pick<AuditEventInput, "actor" | "target" | "tokenId" | "userId" | "channel" | "requestId">;
  tell: (event: LinkEvent) => void;
  /** Resolves once the event is durable: nothing is answered before. */
  record: (event: AuditEventInput) => Promise<void>;
  log: Logger;
  /** How hosts are found and judged; only tests pass it. */
  egress?: EgressOptions;
}

export interface RunLink {
  /** Ends every connection and removes the socket. */
  close(): Promise<void>;
}

/** Bytes of a socket's path that the kernel takes (sockaddr_un). */
const MAX_PATH_BYTES = 107;
/** Open connections of one run; those above are closed unheard. */
const MAX_CONNECTIONS = 128;
/** Requests of one run under way, pipelined ones too. */
const MAX_CALLS = 128;
const MAX_HEADER_BYTES = 16 * 1024;
/** Time for the headers, and for the whole request (milliseconds). */
const HEADERS_MS = 10_000;
const REQUEST_MS = 120_000;
const KEEP_ALIVE_MS = 30_000;
const CHECK_EVERY_MS = 2_000;

/** What the server's own socket serves; everything else ends here. */
const MODEL_CALLS: ReadonlySet<string> = new Set([
  "POST /v1/chat/completions",
  "POST /v1/responses",
  "POST /v1/embeddings",
  "POST /v1/messages",
  "POST /v1/messages/count_tokens",
  "GET /v1/models",
]);
const TRANSCRIPT_CALL = "POST /run/events";

/** Listens until `close`. @throws Error when the socket cannot be made. */
export async function openRunLink(options: RunLinkOptions): Promise<RunLink> {
  const path = join(options.folder, LINK_SOCKET);
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) {
    throw new Error(`The path of a run's socket is longer than ${MAX_PATH_BYTES} bytes: ${path}. Use a shorter home.`);
  }
  rmSync(path, { force: true });
  const { onRequest, onConnect } = createHandlers(options);
  const server = createServer({
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: HEADERS_MS,
    requestTimeout: REQUEST_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connectionsCheckingInterval: CHECK_EVERY_MS,
  });
  server.maxConnections = MAX_CONNECTIONS;
  const sockets = new Set<Duplex>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  server.on("request", onRequest);
  server.on("checkContinue", onRequest);
  server.on("connect", onConnect);
  server.listen({ path, readableAll: true, writableAll: true });
  await once(server, "listening");
  server.on("error", (error) => options.log.warn({ err: error }, "a run's socket had a fault"));
  return {
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) {
        socket.destroy();
      }
      await closed;
      rmSync(path, { force: true });
    },
  };
}

function createHandlers(options: RunLinkOptions) {
  const { grants, origin, tell, log } = options;
  const records = createCollapser({
    append: async ([event]) => (event === undefined ? undefined : options.record(event)),
  });
  const proxy = createEgressProxy({ domains: grants.egress.domains, origin, records, tell, log, ...options.egress });
  const transcript = createTranscriptDoor(tell);
  const isOurs = tokenCheck(options.token);
  let calls = 0;

  const recordRefusal = (reason: string): Promise<void> =>
    records.record(reason, { event: "run.call_refused", outcome: "denied", ...origin, reason });

  async function refuse(response: ServerResponse, url: string, error: ApiError & { reason: string }): Promise<void> {
    await recordRefusal(error.reason);
    answerError(response, url, error);
  }

  async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = request.url ?? "";
    const fault = requestFault(request);
    if (fault !== undefined) {
      await refuse(response, url, fault);
      return;
    }
    if (!url.startsWith("/")) {
      await proxy.request(request, response);
      return;
    }
    const call = `${request.method} ${url.split("?")[0]}`;
    if (call !== TRANSCRIPT_CALL && !MODEL_CALLS.has(call)) {
      answerError(response, url, NOT_FOUND);
    } else if (!isOurs(request)) {
      await refuse(response, url, TOKEN_INVALID);
    } else if (call === TRANSCRIPT_CALL) {
      await transcript(request, response);
    } else if (!grants.models) {
      await refuse(response, url, MODELS_NOT_GRANTED);
    } else {
      await relayModelCall(request, response, { ...options, tell });
    }
  }

  async function tunnel(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const fault = requestFault(request);
    if (fault === undefined) {
      await proxy.connect(request, socket, head);
      return;
    }
    await recordRefusal(fault.reason);
    const headers = { "content-type": "application/json; charset=utf-8" };
    endWithAnswer(socket, { status: fault.status, headers, body: errorBody("", fault) });
  }

  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    leaveUnreadBody(request, response);
    if (calls >= MAX_CALLS) {
      answerError(response, request.url ?? "", TOO_MANY);
      return;
    }
    calls += 1;
    response.once("close", () => (calls -= 1));
    take(request, response).catch((error: unknown) => {
      // Whoever goes in the middle of his request is no fault of ours.
      if (!response.destroyed) {
        log.warn({ err: error }, "a request of a run failed");
      }
      answerError(response, request.url ?? "", UNAVAILABLE);
    });
  };

  const onConnect = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    // Node has let go of the socket: a fault that nobody listens for would end the process.
    socket.on("error", () => socket.destroy());
    tunnel(request, socket, head).catch((error: unknown) => {
      if (!socket.destroyed) {
        log.warn({ err: error }, "a tunnel of a run failed");
      }
      socket.destroy();
    });
  };

  return { onRequest, onConnect };
}

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

/** Compares digests: neither the token's bytes nor its length can be measured. */
function tokenCheck(token: string): (request: IncomingMessage) => boolean {
  const expected = digest(token);
  return ({ headers }) => {
    const bearer = /^bearer +(\S+)$/i.exec(headers.authorization ?? "")?.[1] ?? "";
    const key = headers["x-api-key"];
    const shown = [bearer, typeof key === "string" ? key : ""];
    return shown.filter((one) => sameBytes(digest(one), expected)).length > 0;
  };
}

const NOT_FOUND = {
  status: 404,
  code: "not_found",
  message: "Nothing is served at this method and path. Models are below /v1, the transcript is POST /run/events.",
};
const TOO_MANY = {
  status: 429,
  code: "too_many_requests",
  message: `More than ${MAX_CALLS} requests of this run are under way. Wait for answers first.`,
};
const UNAVAILABLE = { status: 503, code: "unavailable", message: "The gateway could not carry this out. Try again." };
const TOKEN_INVALID = {
  reason: "token_invalid",
  status: 401,
  code: "invalid_api_key",
  message: "Send the run's token, $OPENCLAW_RUN_TOKEN, as Authorization: Bearer or x-api-key.",
};
const MODELS_NOT_GRANTED = {
  reason: "models_not_granted",
  status: 403,
  code: "models_not_granted",
  message: "The run's profile grants no models. Add them to security.sandboxing.profiles.NAME.models.allowed.",
};

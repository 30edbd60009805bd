/**
 * The one port: accepts connections, refuses at the door what may not be here, and hands on requests with their client's address.
 * Order: address of the connection → TLS → address of the request's client → form of the request → handler.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { Socket, type AddressInfo, type DropArgument } from "node:net";
import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import { faultEvent } from "#server/audit/index.ts";
import { assertTlsFiles } from "#server/config/index.ts";
import { isLoopbackAddress } from "#server/core/http/address.ts";
import { leaveUnreadBody } from "#server/core/http/unread-body.ts";
import { createAddressGate, type AddressGate } from "#server/listen/address-gate.ts";
import { createClientErrors } from "#server/listen/client-error.ts";
import { createNodeServer, isSecure, type NodeServer } from "#server/listen/node-server.ts";
import { answerOnSocket, answerRefusal, recordDoorRefusal } from "#server/listen/refusal.ts";
import { requestFault } from "#server/listen/request-form.ts";
import type { ListenServices } from "#server/listen/services.ts";
import { refuseHandshake } from "#server/listen/tls-refusals.ts";
import { watchTls } from "#server/listen/tls-watch.ts";

/** All are called with the address of the client, which may be another one than the connection's. */
export interface ListenerHandlers {
  request: (request: IncomingMessage, response: ServerResponse, address: string) => void | Promise<void>;
  /** Takes over WebSocket upgrades. Absent: they are answered like any other request. */
  upgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer, address: string) => void;
}

export interface Listener {
  port: number;
  /** Takes nothing new, lets what is under way end, and cuts what is still there after `drainMs` milliseconds. */
  close(drainMs: number): Promise<void>;
}

/** Between two looks for idle connections while the listener closes (milliseconds). */
const IDLE_LOOK_MS = 100;

/** @throws AppError("CONFIG_INVALID") when the files of `gateway.tls` cannot be used, Node's error when the port cannot. */
export async function openListener(services: ListenServices, handlers: ListenerHandlers): Promise<Listener> {
  const { config, paths, listen } = services;
  const material = assertTlsFiles(config.current().config, paths);
  // Plain HTTP on an address that others can reach is there for the proxy that ends TLS, and for nobody else.
  const proxiesOnly = material === undefined && listen.host !== "localhost" && !isLoopbackAddress(listen.host);
  const server = createNodeServer({ material, upgrades: handlers.upgrade !== undefined });
  const gate = createAddressGate({ services, proxiesOnly });
  takeRequests(server, services, gate, handlers);
  standBefore(server, gate, services);
  if (proxiesOnly) {
    await recordOverride(services);
  }
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(listen.port, listen.host, resolve);
  });
  const stopWatching =
    material === undefined || !isSecure(server)
      ? () => undefined
      : watchTls({ server, services, material, onAuthorityChanged: () => gate.cutAll() });
  return {
    port: (server.address() as AddressInfo).port,
    async close(drainMs) {
      stopWatching();
      const deadline = setTimeout(() => gate.cutAll(), drainMs);
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeIdleConnections();
      // A connection falls idle when its last answer is through, which Node looks at only when it is told to.
      const idle = setInterval(() => server.closeIdleConnections(), IDLE_LOOK_MS);
      await closed;
      clearInterval(idle);
      clearTimeout(deadline);
      gate.close();
    },
  };
}

/** The gate decides before Node's own listener sees the connection, which with TLS would start the handshake. */
function standBefore(server: NodeServer, gate: AddressGate, services: ListenServices): void {
  const nodesOwn = server.listeners("connection");
  server.removeAllListeners("connection");
  server.on("connection", (socket: Socket) => {
    if (gate.admit(socket)) {
      nodesOwn.forEach((listener) => void Reflect.apply(listener, server, [socket]));
    }
  });
  server.on("drop", (dropped?: DropArgument) => {
    const address = dropped?.remoteAddress ?? "unknown";
    void recordDoorRefusal(services, { event: "network.connections_exceeded", reason: "total", address });
  });
}

function takeRequests(
  server: NodeServer,
  services: ListenServices,
  gate: AddressGate,
  { request: onRequest, upgrade: onUpgrade }: ListenerHandlers,
): void {
  const errors = createClientErrors(services);
  const refused = new WeakSet<Socket>();

  /** The client's address, or what to answer instead. */
  function check(request: IncomingMessage) {
    const client = gate.clientOf(request);
    const fault = requestFault(request);
    if (!client.ok || fault === undefined) {
      return client;
    }
    return { ok: false, refusal: { event: "network.bad_request", address: client.address, ...fault } } as const;
  }

  async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // What was sent right behind a refused request is not looked at: the connection is about to close.
    if (refused.has(request.socket)) {
      return;
    }
    errors.answering(request.socket, response);
    leaveUnreadBody(request, response);
    const client = check(request);
    if (client.ok) {
      await onRequest(request, response, client.address);
    } else {
      refused.add(request.socket);
      await answerRefusal(services, response, client.refusal);
    }
  }

  const onNodeRequest = (request: IncomingMessage, response: ServerResponse): void => {
    take(request, response).catch((error: unknown) => {
      const path = request.url?.split("?")[0] ?? "";
      services.log.error({ err: error, path }, "request failed");
      response.destroy();
      const fault = faultEvent("request_failed", error, { type: "system", id: "server" }, `${request.method} ${path}`);
      services.audit
        .append([fault])
        .catch((failure: unknown) => services.log.error({ err: failure }, "a failed request could not be recorded"));
    });
  };
  server.on("request", onNodeRequest);
  // Bodies are asked for only once the headers were found good, by whoever reads them.
  server.on("checkContinue", onNodeRequest);
  server.on("checkExpectation", onNodeRequest);
  server.on("clientError", (error, socket) => {
    if (socket instanceof Socket) {
      errors.handle(error, socket);
    } else {
      socket.destroy(error);
    }
  });
  server.on("secureConnection", (socket: TLSSocket) => errors.handshakeDone(socket));
  // Before Node's own listener, which would pass it on as a fault of HTTP.
  server.prependListener("tlsClientError", (error: NodeJS.ErrnoException, socket: TLSSocket) =>
    refuseHandshake(services, error, socket),
  );
  if (onUpgrade !== undefined) {
    server.on("upgrade", (request, socket, head) => {
      // Node has let go of the socket: a reset that nobody listens for would end the process.
      socket.on("error", () => socket.destroy());
      const client = check(request);
      if (refused.has(request.socket)) {
        socket.destroy();
      } else if (client.ok) {
        onUpgrade(request, socket, head, client.address);
      } else {
        refused.add(request.socket);
        void answerOnSocket(services, socket, client.refusal);
      }
    });
  }
}

/** The configuration allows this only by the explicit word that a proxy ends TLS; that it was used is on record. */
async function recordOverride({ audit, listen }: ListenServices): Promise<void> {
  await audit.append([
    {
      event: "network.proxy_tls_override",
      outcome: "ok",
      actor: { type: "operator", id: "configuration file" },
      because: "gateway.tls.terminatedByProxy",
      data: { bind: listen.host },
    },
  ]);
}

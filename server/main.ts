/**
 * The web process: gateway API and console on one port. Wires the parts and owns the sockets; every rule lives elsewhere.
 * `--without-console` leaves Next out (a pure gateway), `--without-gateway` leaves the API out (a pure console).
 */
import { createServer as createHttp, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import { createServer as createHttps } from "node:https";
import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { parseArgs } from "node:util";
import { getRequestListener } from "@hono/node-server";
import { composeServer } from "#server/compose.ts";
import { setContainer } from "#server/core/container.ts";
import { AppError, messageOf } from "#server/core/errors.ts";
import { normaliseAddress } from "#server/core/http/address.ts";
import { leaveUnreadBody } from "#server/core/http/unread-body.ts";
import { preparePageRequest } from "#server/core/http/page-request.ts";
import { newRequestId } from "#server/core/ids.ts";
import type { HomePaths } from "#server/core/paths.ts";
import { resolveLocation } from "#server/config/index.ts";
import { hotRoute, serveOnNode } from "#server/gateway/index.ts";
import type { AppServices } from "#server/services.ts";

const GATEWAY_PATH = /^\/(?:api\/v1|v1|hooks)(?:\/|$|\?)|^\/(?:healthz|readyz|startupz|metrics|openapi\.json)(?:$|\?)/;
/** Time for requests under way when the process is told to stop (milliseconds). */
const DRAIN_MS = 20_000;

type Listener = (request: IncomingMessage, response: ServerResponse, address: string) => void | Promise<void>;

async function main(): Promise<void> {
  const { values: flags } = parseArgs({
    options: { "without-console": { type: "boolean" }, "without-gateway": { type: "boolean" } },
  });
  const services = await composeServer();
  setContainer(services);
  const onGateway = flags["without-gateway"] === true ? notHere : gatewayListener(services);
  const onPage = flags["without-console"] === true ? notHere : await consoleListener(services);

  const listener: RequestListener = (request, response) => {
    const address = normaliseAddress(request.socket.remoteAddress ?? "");
    leaveUnreadBody(request, response);
    const handle = GATEWAY_PATH.test(request.url ?? "") ? onGateway : onPage;
    Promise.resolve(handle(request, response, address)).catch((error: unknown) => {
      services.log.error({ err: error, path: request.url?.split("?")[0] }, "request failed");
      response.destroy();
    });
  };
  const server = createSocketServer(services, listener);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(services.listen.port, services.listen.host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  // Port 0 becomes a real one only now.
  services.web = services.originAt(port);
  services.lifecycle.serving = true;
  services.log.info({ port, host: services.listen.host }, "listening");
  await services.audit.append([
    {
      event: "system.started",
      outcome: "ok",
      actor: { type: "system", id: "server" },
      data: { port, version: services.system.version },
    },
  ]);
  process.send?.({ type: "ready", port });

  let stopping = false;
  const stop = (why: string): void => {
    if (stopping) {
      return;
    }
    stopping = true;
    services.lifecycle.serving = false;
    services.log.info({ why }, "stopping: no new requests, finishing those under way");
    const deadline = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
    server.close(() => {
      clearTimeout(deadline);
      const event = {
        event: "system.stopped",
        outcome: "ok",
        actor: { type: "system", id: "server" },
        data: { why },
      } as const;
      void services.audit
        .append([event])
        .catch(() => undefined)
        .then(() => services.close())
        .finally(() => process.exit(0));
    });
    server.closeIdleConnections();
  };
  process.on("SIGTERM", () => stop("SIGTERM"));
  process.on("SIGINT", () => stop("SIGINT"));
  // The supervisor is gone: nobody would ever stop this process.
  process.on("disconnect", () => stop("supervisor gone"));
}

/** Plain or TLS server with the limits that keep slow, endless or huge requests from holding it (slowloris, header floods). */
function createSocketServer({ config, paths }: AppServices, listener: RequestListener) {
  const limits = {
    maxHeaderSize: 16_384,
    headersTimeout: 10_000,
    requestTimeout: 60_000,
    keepAliveTimeout: 65_000,
    connectionsCheckingInterval: 2_000,
  };
  const { tls } = config.current().config.gateway;
  const pem = (part: "cert" | "key" | "ca"): Buffer => readPem(`gateway.tls.${part}`, tls[part], paths);
  const server = tls.enabled
    ? createHttps(
        {
          ...limits,
          minVersion: "TLSv1.2",
          cert: pem("cert"),
          key: pem("key"),
          ...(tls.ca === undefined ? {} : { ca: pem("ca"), requestCert: true, rejectUnauthorized: true }),
        },
        listener,
      )
    : createHttp(limits, listener);
  server.maxHeadersCount = 100;
  // Bodies are asked for only once the headers were found good (see node-adapter.ts).
  server.on("checkContinue", listener);
  return server;
}

function readPem(path: string, written: string | undefined, paths: HomePaths): Buffer {
  if (written === undefined) {
    throw new AppError(
      "CONFIG_INVALID",
      `${path} is not set, but gateway.tls.enabled is true. Name the PEM file there.`,
    );
  }
  const file = resolveLocation(path, written, paths);
  try {
    return readFileSync(file);
  } catch (error) {
    throw new AppError("CONFIG_INVALID", `${path}: cannot read ${file} (${messageOf(error)}).`, { cause: error });
  }
}

function gatewayListener(services: AppServices): Listener {
  const viaHono = (address: string) =>
    getRequestListener((request) => services.gateway.fetch(request, { facts: { address } }), {
      overrideGlobalObjects: false,
      autoCleanupIncoming: false,
    });
  return (request, response, address) => {
    const hot = hotRoute(request);
    if (hot !== undefined) {
      return serveOnNode(services, request, response, hot, address);
    }
    if (request.headers.expect !== undefined) {
      response.writeContinue();
    }
    return viaHono(address)(request, response);
  };
}

/** Next is loaded only here: a pure gateway never has it in memory. */
async function consoleListener(services: AppServices): Promise<Listener> {
  const { default: next } = await import("next");
  const app = next({ dev: false, dir: process.cwd() });
  await app.prepare();
  const handle = app.getRequestHandler();
  return (request, response, address) => {
    if (preparePageRequest(request, response, { address, requestId: newRequestId(), web: services.web })) {
      return handle(request, response);
    }
  };
}

const notHere: Listener = (_request, response) => {
  response.writeHead(404, { "content-type": "application/json" });
  response.end(
    JSON.stringify({
      error: { code: "not_found", message: "This part of OpenClaw Gateway does not run in this process." },
    }),
  );
};

main().catch((error: unknown) => {
  process.stderr.write(`${messageOf(error)}\n`);
  process.send?.({ type: "failed", message: messageOf(error) });
  process.exit(1);
});

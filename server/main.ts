/**
 * The web process: gateway API and console on one port. Wires the parts; every rule lives elsewhere.
 * `--without-console` leaves Next out (a pure gateway), `--without-gateway` leaves the API out (a pure console).
 */
import { createServer } from "node:http";
import { parseArgs } from "node:util";
import { getRequestListener } from "@hono/node-server";
import { openAlerting } from "#server/alerts/index.ts";
import { agentOf } from "#server/agents/policy.ts";
import { composeServer } from "#server/compose.ts";
import { openAnomalyWatcher, watchSettings } from "#server/anomalies/index.ts";
import { followUp, isHookPath, openChannelWorker, serveHook } from "#server/channels/index.ts";
import { setContainer } from "#server/core/container.ts";
import { messageOf } from "#server/core/errors.ts";
import { apiSecurityHeaders } from "#server/core/http/security-headers.ts";
import { preparePageRequest } from "#server/core/http/page-request.ts";
import { isAcceptedHost } from "#server/core/http/web-origin.ts";
import { newRequestId } from "#server/core/ids.ts";
import {
  hotRoute,
  isModelsPath,
  openApprovalRunner,
  openWebSockets,
  serveModels,
  serveOnNode,
} from "#server/gateway/index.ts";
import { openListener, recordDoorRefusal, type ListenerHandlers } from "#server/listen/index.ts";
import { openMemoryUpkeep } from "#server/memory/index.ts";
import { openModelListener } from "#server/models/index.ts";
import type { AppServices } from "#server/services.ts";
import { openUpkeep } from "#server/upkeep.ts";

const GATEWAY_PATH = /^\/(?:api\/v1|v1|hooks)(?:\/|$|\?)|^\/(?:healthz|readyz|startupz|metrics|openapi\.json)(?:$|\?)/;
/** Time for requests under way when the process is told to stop (milliseconds). */
const DRAIN_MS = 20_000;

type Listener = ListenerHandlers["request"];

async function main(): Promise<void> {
  const { values: flags } = parseArgs({
    options: { "without-console": { type: "boolean" }, "without-gateway": { type: "boolean" } },
  });
  const services = await composeServer();
  setContainer(services);
  const onGateway = flags["without-gateway"] === true ? notHere(services) : gatewayListener(services);
  const onPage = flags["without-console"] === true ? notHere(services) : await consoleListener(services);

  const webSockets = flags["without-gateway"] === true ? undefined : openWebSockets(services);
  const models = flags["without-gateway"] === true ? undefined : await openModelListener(services);
  const listener = await openListener(services, {
    request(request, response, address) {
      services.metrics.meter.begin(request, response);
      return (GATEWAY_PATH.test(request.url ?? "") ? onGateway : onPage)(request, response, address);
    },
    ...(webSockets === undefined
      ? {}
      : {
          upgrade(request, socket, head, address) {
            services.metrics.meter.beginLive(socket);
            webSockets.upgrade(request, socket, head, address);
          },
        }),
  });
  const { port } = listener;
  // Port 0 becomes a real one only now.
  services.web = services.originAt(port);
  services.config.subscribe(() => {
    services.web = services.originAt(port);
  });
  const channels = flags["without-gateway"] === true ? undefined : await openChannelWorker(services);
  const approvals = await openApprovalRunner(services, services.notify, ({ approvalId, ...said }) =>
    followUp(services, { id: approvalId, ...said }),
  );
  const memory = openMemoryUpkeep({
    ...services,
    retentionOf: (name) => agentOf(services.config.current().config, name)?.memory?.retention,
  });
  const alerting = await openAlerting({ ...services, origin: () => services.web.canonical });
  const upkeep = await openUpkeep(services);
  const anomalies = openAnomalyWatcher({
    ...services,
    settings: () => watchSettings(services.config.current().config),
  });
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
    services.drain();
    services.log.info({ why }, "stopping: no new requests, finishing those under way");
    void Promise.all([
      listener.close(DRAIN_MS),
      webSockets?.close(),
      models?.close(DRAIN_MS),
      services.models.drain(DRAIN_MS),
      channels?.close(DRAIN_MS),
      approvals.close(),
      memory.close(),
      anomalies.close(),
      alerting.close(DRAIN_MS),
      upkeep.close(),
    ])
      .then(async () => {
        await services.audit
          .append([{ event: "system.stopped", outcome: "ok", actor: { type: "system", id: "server" }, data: { why } }])
          .catch(() => undefined);
        await services.close();
      })
      .finally(() => process.exit(0));
  };
  process.on("SIGTERM", () => stop("SIGTERM"));
  process.on("SIGINT", () => stop("SIGINT"));
  // The supervisor is gone: nobody would ever stop this process.
  process.on("disconnect", () => stop("supervisor gone"));
}

function gatewayListener(services: AppServices): Listener {
  const viaHono = (address: string) =>
    getRequestListener((request) => services.gateway.fetch(request, { facts: { address } }), {
      overrideGlobalObjects: false,
      autoCleanupIncoming: false,
    });
  return (request, response, address) => {
    if (isHookPath(request.url)) {
      return serveHook(services, { request, response, address });
    }
    const hot = hotRoute(request);
    if (hot !== undefined) {
      return serveOnNode(services, request, response, hot, address);
    }
    if (isModelsPath(request)) {
      return serveModels(services, request, response, address);
    }
    if (request.headers.expect !== undefined) {
      response.writeContinue();
    }
    // For what has no frame of its own: health, the description of the API, addresses that lead nowhere.
    for (const [name, value] of Object.entries(apiSecurityHeaders(services.web))) {
      response.setHeader(name, value);
    }
    return viaHono(address)(request, response);
  };
}

/** Next is loaded only here: a pure gateway never has it in memory. */
async function consoleListener(services: AppServices): Promise<Listener> {
  const { default: next } = await import("next");
  // Next listens for upgrades on the server of its first request unless it is given one: this one never listens, so WebSockets are ours alone.
  const app = next({ dev: false, dir: process.cwd(), httpServer: createServer() });
  await app.prepare();
  const handle = app.getRequestHandler();
  return async (request, response, address) => {
    const { host } = request.headers;
    const requestId = newRequestId();
    if (!isAcceptedHost(host, services.web)) {
      const refusal = { event: "network.origin_refused", reason: "foreign_host", address } as const;
      await recordDoorRefusal(services, { ...refusal, data: { host: host ?? null } }, requestId);
    }
    if (preparePageRequest(request, response, { address, requestId, web: services.web })) {
      return handle(request, response);
    }
  };
}

const notHere =
  (services: AppServices): Listener =>
  (_request, response) => {
    response.writeHead(404, { "content-type": "application/json", ...apiSecurityHeaders(services.web) });
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

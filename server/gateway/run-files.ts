/** Files of a run over the API. Threat: content made by a program that a browser takes for a page of ours: it is sent as bytes to save. */
import { actorOf, type Identified, type PathParams } from "#server/gateway/answer.ts";
import { attachment } from "#server/core/http/attachment.ts";
import { json, type Outgoing } from "#server/gateway/exchange.ts";
import { enterRunEvents } from "#server/gateway/runs.ts";
import type { GatewayServices } from "#server/gateway/services.ts";
import { listRunFiles, readRunFile } from "#server/sandbox/index.ts";

export async function getRunFiles(
  services: GatewayServices,
  exchange: Identified,
  { id: runId = "" }: PathParams,
): Promise<Outgoing> {
  const admission = await enterRunEvents(services, exchange, runId);
  return json(200, { files: await listRunFiles(services.db, runId) }, admission.headers);
}

export async function getRunFile(
  services: GatewayServices,
  exchange: Identified,
  { id: runId = "", fileId = "" }: PathParams,
): Promise<Outgoing> {
  const admission = await enterRunEvents(services, exchange, runId);
  const { content, path, bytes } = await readRunFile(services, runId, fileId);
  const { principal, incoming } = exchange;
  if (services.config.current().config.security.fileSystem.monitoring.logFileAccess) {
    await services.audit.append([
      {
        event: "file.accessed",
        outcome: "ok",
        actor: actorOf(principal, incoming.address),
        tokenId: principal.tokenId ?? undefined,
        userId: principal.boundUserId ?? undefined,
        address: incoming.address,
        requestId: incoming.requestId,
        target: runId,
        reason: "allowed",
        data: { operation: "read", fileId, path, bytes },
      },
    ]);
  }
  return {
    status: 200,
    headers: {
      ...admission.headers,
      "content-type": "application/octet-stream",
      "content-disposition": attachment(path),
    },
    body: new Uint8Array(content),
  };
}

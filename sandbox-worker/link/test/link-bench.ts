/** A link as a worker opens it, with a stand-in for the server process behind it, and hosts of the outside on loopback. */
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { createServer, request, type IncomingMessage, type RequestListener } from "node:http";
import { connect, type AddressInfo, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AuditEventInput } from "#server/audit/schema.ts";
import { createLogger } from "#server/core/log.ts";
import type { EgressOptions } from "#worker/link/egress/proxy.ts";
import { openRunLink, type LinkEvent, type RunLink, type RunLinkOptions } from "#worker/link/run-link.ts";

export const TOKEN = `ocr_run_1_${"a".repeat(43)}`;

export interface LinkBench {
  folder: string;
  socket: string;
  told: LinkEvent[];
  recorded: AuditEventInput[];
  link: RunLink;
  /** Plain HTTP over the run's socket. */
  call: (options: CallOptions) => Promise<Answer>;
  /** A bare connection to the run's socket. */
  dial: () => Promise<Socket>;
  close(): Promise<void>;
}

interface CallOptions {
  method?: string;
  path: string;
  headers?: Record<string, string>;
  body?: string;
}

interface Answer {
  status: number;
  headers: IncomingMessage["headers"];
  trailers: IncomingMessage["trailers"];
  body: string;
}

export const BEARER = { authorization: `Bearer ${TOKEN}` };

interface BenchOptions {
  /** The server process; absent = none runs. */
  models?: RequestListener;
  grants?: RunLinkOptions["grants"];
  egress?: EgressOptions;
  record?: RunLinkOptions["record"];
}

export async function openLinkBench({ models, grants, egress, record }: BenchOptions = {}): Promise<LinkBench> {
  const folder = mkdtempSync(join(tmpdir(), "openclaw-link-"));
  chmodSync(folder, 0o711);
  const modelSocket = join(folder, "models.sock");
  const server = models === undefined ? null : createServer(models).listen(modelSocket);
  if (server !== null) {
    await once(server, "listening");
  }
  const told: LinkEvent[] = [];
  const recorded: AuditEventInput[] = [];
  const link = await openRunLink({
    folder,
    token: TOKEN,
    grants: grants ?? { models: true, egress: { domains: [] } },
    modelSocket,
    origin: { actor: { type: "worker", id: "wrk_1" }, target: "run_1" },
    tell: (event) => void told.push(event),
    record: record ?? (async (event) => void recorded.push(event)),
    log: createLogger("test", "silent"),
    egress,
  });
  const socket = join(folder, "gateway.sock");
  return {
    folder,
    socket,
    told,
    recorded,
    link,
    call: ({ method = "GET", path, headers = {}, body }) =>
      new Promise((resolve, reject) => {
        const call = request({ socketPath: socket, method, path, headers, agent: false }, (answer) => {
          void textOf(answer).then(
            (text) =>
              resolve({
                status: answer.statusCode ?? 0,
                headers: answer.headers,
                trailers: answer.trailers,
                body: text,
              }),
            reject,
          );
        });
        call.on("error", reject);
        call.end(body);
      }),
    dial: async () => {
      const bare = connect({ path: socket, allowHalfOpen: true });
      await once(bare, "connect");
      return bare;
    },
    async close() {
      await link.close();
      server?.closeAllConnections();
      server?.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export async function textOf(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) {
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** Everything until the other side ends or cuts. */
export async function drain(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  socket.on("error", () => undefined);
  await new Promise<void>((resolve) => socket.once("end", resolve).once("close", () => resolve()));
  return Buffer.concat(chunks).toString("latin1");
}

/** Resolves to the port on 127.0.0.1. */
export async function listenOnLoopback(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

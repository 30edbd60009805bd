/** A service of advisories on loopback: npm's bulk endpoint and OSV's API, as honest or hostile as a test wants. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

type Handler = (request: IncomingMessage, body: string, response: ServerResponse) => void;

export interface FakeAdvisories {
  origin: string;
  osvUrl: string;
  port: number;
  /** What was asked, newest last. */
  asked: { path: string; body: string }[];
  answer(handler: Handler): void;
  close(): Promise<void>;
}

export async function startFakeAdvisories(): Promise<FakeAdvisories> {
  const asked: { path: string; body: string }[] = [];
  let handler: Handler = (_request, _body, response) => response.writeHead(404).end();
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (chunk: string) => (body += chunk));
    request.on("end", () => {
      asked.push({ path: request.url ?? "", body });
      handler(request, body, response);
    });
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  const origin = `http://127.0.0.1:${port}`;
  return {
    origin,
    osvUrl: `${origin}/v1/querybatch`,
    port,
    asked,
    answer: (next) => void (handler = next),
    async close() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

export const json = (response: ServerResponse, value: unknown, status = 200): void =>
  void response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));

/** What the fake chat platforms share: an API on loopback that keeps what it was sent, and signed deliveries that are sent again until taken. */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

export interface PlatformRequest {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  /** The members of a JSON object; empty for any other body. */
  body: Record<string, unknown>;
}

export interface PlatformReply {
  status: number;
  headers?: Record<string, string>;
  body: unknown;
}

/**
 * Answers the next request of the API in the place of the platform; `hang`: never, `cut`: by closing the connection, `lost`: by closing it
 * after the request was carried out, `pass`: as the platform does.
 */
type Misbehaviour = PlatformReply | "hang" | "cut" | "lost" | "pass";

interface Hold {
  waiting(): number;
  release(): void;
}

export interface FakePlatform {
  /** Without a path. */
  origin: string;
  /** All requests of its API so far. */
  requests: PlatformRequest[];
  misbehave(...next: Misbehaviour[]): void;
  /** From now on takes requests and answers none, until they are released. */
  hold(): Hold;
  close(): Promise<void>;
}

export async function startPlatform(answer: (request: PlatformRequest) => PlatformReply): Promise<FakePlatform> {
  const requests: PlatformRequest[] = [];
  const misbehaviours: Misbehaviour[] = [];
  let held: { until: Promise<void>; waiting: number } | null = null;
  const server = createServer((incoming, response) => {
    void (async () => {
      const request = await readRequest(incoming);
      requests.push(request);
      if (held !== null) {
        held.waiting += 1;
        await held.until;
      }
      const next = misbehaviours.shift() ?? "pass";
      const carriedOut = next === "pass" || next === "lost" ? answer(request) : next;
      send(response, next === "lost" ? "cut" : carriedOut);
    })().catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    misbehave: (...next) => void misbehaviours.push(...next),
    hold() {
      const { promise: until, resolve } = Promise.withResolvers<void>();
      const holding = { until, waiting: 0 };
      held = holding;
      return {
        waiting: () => holding.waiting,
        release() {
          held = null;
          resolve();
        },
      };
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function readRequest(incoming: IncomingMessage): Promise<PlatformRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) {
    chunks.push(chunk as Buffer);
  }
  const { pathname: path, searchParams: query } = new URL(incoming.url ?? "/", "http://fake");
  let body: unknown = {};
  try {
    body = JSON.parse(Buffer.concat(chunks).toString());
  } catch {
    // A request without a body, or with another one.
  }
  const members = typeof body === "object" && body !== null ? (body as Record<string, unknown>) : {};
  return { method: incoming.method ?? "", path, query, headers: incoming.headers, body: members };
}

function send(response: ServerResponse, reply: PlatformReply | "hang" | "cut"): void {
  if (reply === "hang") {
    return;
  }
  if (reply === "cut") {
    response.destroy();
    return;
  }
  if (Buffer.isBuffer(reply.body)) {
    response.writeHead(reply.status, { "content-type": "application/octet-stream", ...reply.headers });
    response.end(reply.body);
    return;
  }
  response.writeHead(reply.status, { "content-type": "application/json", ...reply.headers });
  response.end(JSON.stringify(reply.body));
}

export interface Delivered {
  status: number;
  text: string;
  /** How often it was sent. */
  attempts: number;
}

/** Milliseconds that a platform waits for an answer before it counts a delivery as failed. */
const PATIENCE_MS = 3_000;

export interface Delivery {
  body: string | Buffer;
  /** Signed for this attempt; the first is 0. */
  headers: (attempt: number) => Record<string, string>;
  /** Milliseconds before each attempt after the first; none = it is not sent again. */
  retries?: readonly number[];
}

/** Posts until somebody answers with a success, or the attempts are used up. */
export async function deliver(url: string, { body, headers, retries = [] }: Delivery): Promise<Delivered> {
  let last: Delivered = { status: 0, text: "", attempts: 0 };
  for (const [attempt, wait] of [0, ...retries].entries()) {
    await delay(wait);
    last = { ...(await post(url, headers(attempt), body)), attempts: attempt + 1 };
    if (last.status >= 200 && last.status < 300) {
      return last;
    }
  }
  return last;
}

async function post(
  url: string,
  headers: Record<string, string>,
  body: string | Buffer,
): Promise<{ status: number; text: string }> {
  try {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const response = await fetch(url, { method: "POST", headers, body: new Uint8Array(Buffer.from(body)), signal });
    return { status: response.status, text: await response.text() };
  } catch {
    return { status: 0, text: "" };
  }
}

export const seconds = (): number => Math.floor(Date.now() / 1000);

/** The length of a text as its characters are counted by people: emoji are one. */
export const characters = (text: unknown): number => [...String(text)].length;

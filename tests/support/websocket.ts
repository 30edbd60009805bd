/** A client of `GET /ws` for tests: frames in the order they came, and what became of the connection. */
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { WebSocket } from "ws";

export interface Frame {
  type: string;
  id?: string;
  error?: { code: string; message: string; details?: unknown; requestId: string; retryAfterSeconds?: number };
  [field: string]: unknown;
}

export interface TestSocket {
  ws: WebSocket;
  /** All frames so far. */
  frames: Frame[];
  /** The first frame not taken yet that fits; waits for it. Rejects when the connection ends before. */
  take(fits: string | ((frame: Frame) => boolean)): Promise<Frame>;
  send(frame: unknown): void;
  closed: Promise<{ code: number; reason: string }>;
}

/** A refused upgrade. */
export interface Refused {
  status: number;
  headers: IncomingMessage["headers"];
  body: { error?: { code: string; message: string; requestId: string } };
}

interface ConnectOptions {
  token?: string;
  headers?: Record<string, string>;
  path?: string;
  /** Loopback address to come from. */
  from?: string;
  /** What a client over TLS trusts and shows. */
  tls?: { ca: Buffer; cert?: Buffer; key?: Buffer };
}

/** @returns the open connection, or the HTTP answer that refused it. Rejects when the connection was cut without either. */
export async function dial(url: string, options: ConnectOptions = {}): Promise<TestSocket | Refused> {
  const { token, headers, path = "/ws", from = "127.0.0.1", tls } = options;
  const ws = new WebSocket(url.replace("http", "ws") + path, {
    headers: { ...headers, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
    localAddress: from,
    ...tls,
  });
  const socket = listenTo(ws);
  const refused = new Promise<Refused>((resolve, reject) => {
    ws.once("unexpected-response", (_request, response: IncomingMessage) => {
      readAll(response).then(
        (text) =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: JSON.parse(text) as Refused["body"],
          }),
        reject,
      );
    });
  });
  return Promise.race([once(ws, "open").then(() => socket), refused]);
}

/** A connection that is expected to open. */
export async function connect(url: string, options: ConnectOptions = {}): Promise<TestSocket> {
  const answer = await dial(url, options);
  if ("status" in answer) {
    throw new Error(`refused with ${answer.status} ${answer.body.error?.message ?? ""}`);
  }
  return answer;
}

/** An upgrade that is expected to be refused. */
export async function refusal(url: string, options: ConnectOptions = {}): Promise<Refused> {
  const answer = await dial(url, options);
  if ("status" in answer) {
    return answer;
  }
  answer.ws.terminate();
  throw new Error("the upgrade was accepted");
}

function listenTo(ws: WebSocket): TestSocket {
  const frames: Frame[] = [];
  const fresh: Frame[] = [];
  const waiting: {
    fits: (frame: Frame) => boolean;
    resolve: (frame: Frame) => void;
    reject: (error: Error) => void;
  }[] = [];
  ws.on("message", (data: Buffer) => {
    const frame = JSON.parse(data.toString()) as Frame;
    frames.push(frame);
    const index = waiting.findIndex(({ fits }) => fits(frame));
    if (index < 0) {
      fresh.push(frame);
    } else {
      waiting.splice(index, 1)[0]?.resolve(frame);
    }
  });
  ws.on("error", () => undefined);
  // Not `once` of node:events, which rejects when an error comes before.
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    ws.once("close", (code, reason) => resolve({ code, reason: reason.toString() }));
  });
  void closed.then(({ code }) =>
    waiting.forEach(({ reject }) => reject(new Error(`closed with ${code} after ${JSON.stringify(frames)}`))),
  );
  return {
    ws,
    frames,
    closed,
    send: (frame) => ws.send(typeof frame === "string" || Buffer.isBuffer(frame) ? frame : JSON.stringify(frame)),
    take(wanted) {
      const fits = typeof wanted === "string" ? ({ type }: Frame) => type === wanted : wanted;
      const index = fresh.findIndex(fits);
      const [found] = index < 0 ? [] : fresh.splice(index, 1);
      if (found !== undefined) {
        return Promise.resolve(found);
      }
      if (ws.readyState === WebSocket.CLOSED) {
        return Promise.reject(new Error(`closed already, after ${JSON.stringify(frames)}`));
      }
      return new Promise((resolve, reject) => waiting.push({ fits, resolve, reject }));
    },
  };
}

async function readAll(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) {
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString();
}

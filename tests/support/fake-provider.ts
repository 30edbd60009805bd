/**
 * A model provider on loopback that speaks the OpenAI API (chat, responses, embeddings) and the Anthropic API (messages, count_tokens),
 * streaming and not. It answers what the test has scripted, in order, then "Hello from the fake."; and keeps what it was sent.
 */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { anthropicAnswer, openAiChat, openAiResponse, type FrameList } from "./fake-provider-frames.ts";

export interface FakeToolCall {
  name: string;
  /** Text is sent as it stands: malformed arguments. */
  arguments: Record<string, unknown> | string;
}

export interface FakeAnswer {
  text?: string;
  toolCalls?: FakeToolCall[];
  /** Default: 11 in, 7 out. */
  usage?: { input: number; output: number };
  /** A status other than 200, with `body` as it stands. */
  status?: number;
  body?: string;
  headers?: Record<string, string>;
  /** Nothing is ever answered. */
  hang?: boolean;
  /** Waited for before anything is answered. */
  until?: Promise<unknown>;
  /** Waited for after the first event of a stream. */
  hold?: Promise<unknown>;
  /** The connection is cut after that many events of a stream. */
  breakAfter?: number;
}

interface FakeRequest {
  path: string;
  headers: IncomingHttpHeaders;
  /** The parsed body. */
  body: Record<string, unknown>;
  /** Resolves once the connection of this request is gone before the answer was whole. */
  gone: Promise<void>;
  /** Resolves once the whole answer is sent. */
  answered: Promise<void>;
}

export interface FakeProvider {
  /** Without a path. */
  origin: string;
  /** What goes into `models.providers.NAME.baseUrl`. */
  baseUrl: string;
  /** All requests so far. */
  requests: FakeRequest[];
  /** Appends answers. */
  script(...answers: FakeAnswer[]): void;
  /** Drops what is still scripted. */
  forget(): void;
  close(): Promise<void>;
}

const DEFAULT: FakeAnswer = { text: "Hello from the fake." };

export async function startFakeProvider(): Promise<FakeProvider> {
  const answers: FakeAnswer[] = [];
  const requests: FakeRequest[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      const { promise: gone, resolve } = Promise.withResolvers<void>();
      const { promise: answered, resolve: tellAnswered } = Promise.withResolvers<void>();
      response.on("close", () => (response.writableFinished ? undefined : resolve()));
      response.on("finish", () => tellAnswered());
      const body = await readBody(request);
      const path = new URL(request.url ?? "/", "http://fake").pathname;
      requests.push({ path, headers: request.headers, body, gone, answered });
      await answer(response, path, body, answers.shift() ?? DEFAULT);
    })().catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const origin = `http://127.0.0.1:${port}`;
  return {
    origin,
    baseUrl: `${origin}/v1`,
    requests,
    script: (...more) => void answers.push(...more),
    forget: () => void answers.splice(0),
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function readBody(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) {
    chunks.push(chunk as Buffer);
  }
  const parsed: unknown = chunks.length === 0 ? {} : JSON.parse(Buffer.concat(chunks).toString());
  return typeof parsed === "object" && parsed !== null ? (parsed as Record<string, unknown>) : {};
}

async function answer(
  response: ServerResponse,
  path: string,
  body: Record<string, unknown>,
  scripted: FakeAnswer,
): Promise<void> {
  if (scripted.hang === true) {
    return;
  }
  await scripted.until;
  if (scripted.status !== undefined) {
    response.writeHead(scripted.status, { "content-type": "application/json", ...scripted.headers });
    response.end(scripted.body ?? "{}");
    return;
  }
  const frames = framesFor(path, body, scripted);
  if (frames === null) {
    response.writeHead(404, { "content-type": "application/json" });
    response.end('{"error":{"message":"the fake does not know this path"}}');
    return;
  }
  if (body["stream"] !== true) {
    response.writeHead(200, { "content-type": "application/json", ...scripted.headers });
    response.end(JSON.stringify(frames.whole));
    return;
  }
  response.writeHead(200, { "content-type": "text/event-stream", ...scripted.headers });
  for (const [index, frame] of frames.events.entries()) {
    if (index === scripted.breakAfter) {
      response.destroy();
      return;
    }
    // Sent before anything else happens: a cut comes behind it.
    await new Promise<void>((resolve) => response.write(frame, () => resolve()));
    if (index === 0 && scripted.hold !== undefined) {
      await scripted.hold;
    }
  }
  response.end();
}

function framesFor(path: string, body: Record<string, unknown>, scripted: FakeAnswer): FrameList | null {
  switch (path) {
    case "/v1/chat/completions":
      return openAiChat(body, scripted);
    case "/v1/responses":
      return openAiResponse(body, scripted);
    case "/v1/messages":
      return anthropicAnswer(body, scripted);
    case "/v1/messages/count_tokens":
      return { whole: { input_tokens: 11 }, events: [] };
    case "/v1/embeddings": {
      const vector = [0.25, -0.5];
      const packed = Buffer.from(new Float32Array(vector).buffer).toString("base64");
      const data = [
        { object: "embedding", index: 0, embedding: body["encoding_format"] === "base64" ? packed : vector },
      ];
      const prompt = scripted.usage?.input ?? 11;
      return {
        whole: { object: "list", data, model: body["model"], usage: { prompt_tokens: prompt, total_tokens: prompt } },
        events: [],
      };
    }
    default:
      return null;
  }
}

/** The real server and sealer, and a collector on loopback that reads what it is sent. */
import { createServer, type Server } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openTestSealer } from "../../../tests/support/sealer.ts";
import { startServer, type TestServer } from "../../../tests/support/server.ts";
import { auditBatch } from "#server/audit/index.ts";
import type { Sealer } from "#server/audit/sealer.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT = "00f067aa0ba902b7";

interface SpanJson {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: number;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes: { key: string; value: Record<string, unknown> }[];
  status: { code?: number };
}

let collector: Server;
let received: { path: string; headers: Record<string, unknown>; body: string }[];
/** What the collector does with a request: takes it, or lets it hang. */
let answers: boolean;
let server: TestServer;
let sealer: Sealer | undefined;

beforeEach(async () => {
  received = [];
  answers = true;
  collector = createServer((request, response) => {
    void text(request).then((body) => {
      received.push({ path: request.url ?? "", headers: request.headers, body });
      if (answers) {
        response.writeHead(200, { "content-type": "application/json" }).end("{}");
      }
    });
  });
  collector.listen(0, "127.0.0.1");
  await once(collector, "listening");
});
afterEach(async () => {
  await sealer?.close();
  sealer = undefined;
  collector.closeAllConnections();
  collector.close();
  await server.stop();
});

async function start(telemetry: string): Promise<void> {
  server = await startServer(`{ security: { monitoring: { telemetry: ${telemetry} } } }`, {
    env: { OTEL_TEST_TOKEN: "s3cret-header" },
  });
}
const endpoint = () => `http://127.0.0.1:${(collector.address() as AddressInfo).port}/otlp`;

const spans = (): SpanJson[] =>
  received
    .filter(({ path }) => path === "/otlp/v1/traces")
    .flatMap(({ body }) =>
      (JSON.parse(body) as { resourceSpans: { scopeSpans: { spans: SpanJson[] }[] }[] }).resourceSpans.flatMap(
        ({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans),
      ),
    );
const spanOf = (name: string, traceId = TRACE) => spans().find((one) => one.name === name && one.traceId === traceId);
const attributesOf = (span: SpanJson | undefined) =>
  Object.fromEntries((span?.attributes ?? []).map(({ key, value }) => [key, Object.values(value)[0]]));

describe("MON-1 OpenTelemetry", () => {
  it("MON-1 a request, its decision, its run and the call of a model are one trace, that of the caller", async () => {
    await start(`{ endpoint: "${endpoint()}", headers: { authorization: "Bearer \${OTEL_TEST_TOKEN}" } }`);
    sealer = await openTestSealer({
      connectionString: server.database.sealerUrl,
      keysDir: server.home.keysDir,
      mirrorFile: join(server.home.logsDir, "audit.log"),
    });
    const { token } = await server.token();
    // The reader of the record begins where that ends: a first trace shows that it has begun.
    await expect
      .poll(
        async () => {
          await fetch(`${server.url}/api/v1/messages`, {
            method: "POST",
            headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
            body: JSON.stringify({ channel: "api", user: "user-secret-name", text: "/help" }),
          });
          return spans().some(({ name }) => name === "decision");
        },
        { timeout: 30_000, interval: 500 },
      )
      .toBe(true);

    const answer = await fetch(`${server.url}/api/v1/messages`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${token}`,
        "content-type": "application/json",
        traceparent: `00-${TRACE}-${PARENT}-01`,
      },
      body: JSON.stringify({ channel: "api", user: "user-secret-name", text: "/help me with my-secret-text" }),
    });
    const requestId = answer.headers.get("x-request-id") ?? "";
    expect(requestId).toMatch(new RegExp(`^req_[0-9a-z]{20}_${TRACE}${PARENT}$`));
    // What other processes put on record for the same request.
    const origin = { actor: { type: "worker", id: "wrk_1" }, requestId, target: "run_abc" } as const;
    await server.sql("INSERT INTO audit_intake (events) VALUES ($1)", [
      auditBatch([
        {
          event: "model.called",
          outcome: "ok",
          ...origin,
          reason: "answered",
          data: {
            model: "openai/gpt-5-mini-2026",
            asked: "openai/gpt-5-mini",
            path: "/v1/chat/completions",
            status: 200,
            inputTokens: 100,
            outputTokens: 20,
            costNano: 3_000_000,
            wallMs: 700,
          },
        },
        {
          event: "run.ended",
          outcome: "failed",
          ...origin,
          reason: "timeout",
          data: { state: "failed", wallMs: 2_000 },
        },
      ]),
    ]);
    await expect
      .poll(() => [spanOf("POST /api/v1/messages"), spanOf("decision"), spanOf("run"), spanOf("chat gpt-5-mini")], {
        timeout: 20_000,
      })
      .not.toContain(undefined);

    const request = spanOf("POST /api/v1/messages");
    const [decision, run, call] = [spanOf("decision"), spanOf("run"), spanOf("chat gpt-5-mini")];
    expect(request).toMatchObject({ parentSpanId: PARENT, kind: 2, status: {} });
    expect(attributesOf(request)).toMatchObject({
      "http.request.method": "POST",
      "http.route": "/api/v1/messages",
      "http.response.status_code": "200",
      "openclaw.request_id": requestId,
    });
    expect(decision).toMatchObject({ parentSpanId: request?.spanId });
    expect(attributesOf(decision)).toMatchObject({
      "openclaw.decision": "message.received",
      "openclaw.command": "help",
    });
    expect(run).toMatchObject({ parentSpanId: request?.spanId, status: { code: 2 } });
    expect(Number(BigInt(run?.endTimeUnixNano ?? 0) - BigInt(run?.startTimeUnixNano ?? 0))).toBe(2e9);
    expect(call).toMatchObject({ parentSpanId: run?.spanId, kind: 3, status: {} });
    expect(attributesOf(call)).toMatchObject({
      "gen_ai.operation.name": "chat",
      "gen_ai.provider.name": "openai",
      "gen_ai.request.model": "gpt-5-mini",
      "gen_ai.response.model": "gpt-5-mini-2026",
      "gen_ai.usage.input_tokens": "100",
      "gen_ai.usage.output_tokens": "20",
      "openclaw.cost_usd": 0.003,
    });
    for (const { traceId, spanId } of spans()) {
      expect(`${traceId} ${spanId}`).toMatch(/^[0-9a-f]{32} [0-9a-f]{16}$/);
    }

    const metrics = received.find(({ path }) => path === "/otlp/v1/metrics");
    const { resourceMetrics } = JSON.parse(metrics?.body ?? "{}") as {
      resourceMetrics: { scopeMetrics: { metrics: { name: string }[] }[] }[];
    };
    expect(resourceMetrics[0]?.scopeMetrics[0]?.metrics.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["http.server.request.duration", "openclaw.requests", "openclaw.audit.backlog"]),
    );
    expect(metrics?.headers).toMatchObject({ authorization: "Bearer s3cret-header" });
    // Nothing of anybody's: neither texts nor names, addresses or credentials.
    const all = received.map(({ body }) => body).join("\n");
    expect(all).not.toMatch(/user-secret-name|my-secret-text|s3cret|127\.0\.0\.1|ocg_/);
    expect(all).not.toContain(token.slice(4, 16));
  }, 90_000);

  it("MON-1 a collector that never answers costs no request time, and no memory beyond its queue", async () => {
    answers = false;
    await start(`{ endpoint: "${endpoint()}", metrics: false }`);
    const { token } = await server.token();
    const headers = { authorization: `Bearer ${token}` };
    const whoAmI = async () => {
      const started = performance.now();
      const answer = await fetch(`${server.url}/api/v1/whoami`, { headers });
      await answer.text();
      expect(answer.status).toBe(200);
      return performance.now() - started;
    };
    await expect
      .poll(
        async () => {
          await whoAmI();
          return received.length;
        },
        { timeout: 20_000 },
      )
      .toBeGreaterThan(0);
    // One request hangs at the collector. More spans than the queue holds come behind it.
    const times: number[] = [];
    for (let n = 0; n < 100; n += 1) {
      times.push(...(await Promise.all(Array.from({ length: 25 }, whoAmI))));
    }
    expect(times).toHaveLength(2_500);
    expect(times.sort((a, b) => a - b)[1_250]).toBeLessThan(1_000);
    expect(received).toHaveLength(1);
    collector.closeAllConnections();
  }, 90_000);
});

import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import type { RequestListener } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { createLogger } from "#server/core/log.ts";
import { openRunLink } from "#worker/link/run-link.ts";
import { BEARER, drain, openLinkBench, textOf, TOKEN, type LinkBench } from "#worker/link/test/link-bench.ts";

const open: LinkBench[] = [];
async function bench(options: Parameters<typeof openLinkBench>[0] = {}): Promise<LinkBench> {
  const one = await openLinkBench(options);
  open.push(one);
  return one;
}
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
});

const USAGE = JSON.stringify({ model: "openai/gpt-5-mini", inputTokens: 3, outputTokens: null });

/** Says what arrived, and what it used in the trailer. */
const echo: RequestListener = (request, response) => {
  void textOf(request).then((body) => {
    response.writeHead(200, { "content-type": "application/json", trailer: "x-openclaw-usage", "x-kept": "1" });
    response.write(JSON.stringify({ method: request.method, url: request.url, headers: request.headers, body }));
    response.addTrailers({ "x-openclaw-usage": USAGE });
    response.end();
  });
};

describe("calls of models", () => {
  it("pass on path, body and headers, and tell the run's stream what was used", async () => {
    const { call, told } = await bench({ models: echo });
    const answer = await call({
      method: "POST",
      path: "/v1/chat/completions?x=1",
      headers: { "x-api-key": TOKEN, "anthropic-version": "v", cookie: "c=1", connection: "x-hop", "x-hop": "1" },
      body: '{"model":"m"}',
    });
    expect(answer).toMatchObject({ status: 200, trailers: {} });
    expect(answer.headers).toMatchObject({ "x-kept": "1" });
    expect(answer.headers).not.toHaveProperty("trailer");
    const seen = JSON.parse(answer.body) as { headers: Record<string, string> };
    expect(seen).toMatchObject({ method: "POST", url: "/v1/chat/completions?x=1", body: '{"model":"m"}' });
    expect(seen.headers).toMatchObject({
      authorization: `Bearer ${TOKEN}`,
      "anthropic-version": "v",
      host: "localhost",
    });
    expect(Object.keys(seen.headers)).not.toEqual(expect.arrayContaining(["x-api-key"]));
    expect(seen.headers["cookie"] ?? seen.headers["x-hop"]).toBeUndefined();
    expect(told).toEqual([
      { kind: "model", data: { model: "openai/gpt-5-mini", inputTokens: 3, outputTokens: null, status: 200 } },
    ]);
  });

  it("stream: a chunk arrives before the next is sent", async () => {
    const steps: (() => void)[] = [];
    const { dial } = await bench({
      models: (_request, response) => {
        response.writeHead(200, { "content-type": "text/event-stream" });
        response.write("data: one\n\n");
        steps.push(() => response.end("data: two\n\n"));
      },
    });
    const socket = await dial();
    socket.write(`POST /v1/messages HTTP/1.1\r\nHost: x\r\nx-api-key: ${TOKEN}\r\nContent-Length: 2\r\n\r\n{}`);
    let seen = "";
    for await (const chunk of socket) {
      seen += String(chunk);
      if (seen.includes("data: one") && steps.length > 0) {
        expect(seen).not.toContain("data: two");
        steps.pop()?.();
      }
      if (seen.includes("data: two")) {
        break;
      }
    }
    expect(seen).toContain("data: two");
  });

  it("end at the server when the program goes, and at the program when the server breaks off", async () => {
    const gone: Promise<unknown>[] = [];
    const { dial, call } = await bench({
      models: (request, response) => {
        response.writeHead(200);
        response.write("begun");
        if (request.method === "GET") {
          setImmediate(() => response.destroy());
        } else {
          gone.push(once(response, "close"));
        }
      },
    });
    const socket = await dial();
    socket.write(`POST /v1/messages HTTP/1.1\r\nHost: x\r\nx-api-key: ${TOKEN}\r\nContent-Length: 2\r\n\r\n{}`);
    await once(socket, "data");
    socket.destroy();
    await Promise.all(gone);
    expect(gone).toHaveLength(1);
    await expect(call({ path: "/v1/models", headers: BEARER })).rejects.toThrow();
  });

  it("are refused without the server process, in the shape of either API", async () => {
    const { call } = await bench();
    const body = "{}";
    const openai = await call({ method: "POST", path: "/v1/responses", headers: BEARER, body });
    expect(openai.status).toBe(503);
    expect(JSON.parse(openai.body)).toMatchObject({ error: { code: "models_unavailable", type: "api_error" } });
    const anthropic = await call({ method: "POST", path: "/v1/messages", headers: BEARER, body });
    expect(anthropic.status).toBe(503);
    expect(JSON.parse(anthropic.body)).toMatchObject({ type: "error", error: { type: "api_error" } });
  });

  it("are refused and recorded with a wrong token, or without the grant", async () => {
    let reached = 0;
    const models: RequestListener = (_request, response) => {
      reached += 1;
      response.end();
    };
    const first = await bench({ models });
    const wrong: Record<string, string>[] = [
      {},
      { authorization: `Bearer ${TOKEN}x` },
      { authorization: `Basic ${TOKEN}` },
      { authorization: TOKEN },
      { "x-api-key": TOKEN.slice(0, -1) },
    ];
    for (const headers of wrong) {
      expect((await first.call({ method: "POST", path: "/v1/messages", headers, body: "{}" })).status).toBe(401);
    }
    expect(first.recorded.reduce((sum, { data }) => sum + Number(data?.["count"]), 0)).toBe(wrong.length);
    expect(first.recorded[0]).toMatchObject({ event: "run.call_refused", reason: "token_invalid", target: "run_1" });
    const second = await bench({ models, grants: { models: false, egress: { domains: [] } } });
    expect((await second.call({ path: "/v1/models", headers: BEARER })).status).toBe(403);
    expect(second.recorded).toMatchObject([{ event: "run.call_refused", reason: "models_not_granted" }]);
    expect(JSON.stringify([first.recorded, second.recorded])).not.toContain(TOKEN);
    expect(reached).toBe(0);
  });

  it("answers 503 and not the refusal when it cannot be recorded", async () => {
    const { call } = await bench({ record: () => Promise.reject(new Error("no database")) });
    expect((await call({ path: "/v1/models" })).status).toBe(503);
  });

  it.each(["/", "/v1/files", "/v1/../v1/models", "/v1/models/", "//v1/models", "/V1/models", "/run/events"])(
    "serves nothing at GET %s",
    async (path) => {
      const { call } = await bench({ models: echo });
      expect((await call({ path, headers: BEARER })).status).toBe(404);
    },
  );
});

describe("the transcript", () => {
  const post = (one: LinkBench, body: unknown) =>
    one.call({
      method: "POST",
      path: "/run/events",
      headers: BEARER,
      body: typeof body === "string" ? body : JSON.stringify(body),
    });

  it("takes what an agent says, cleaned and cut", async () => {
    const one = await bench({ grants: { models: false, egress: { domains: [] } } });
    expect((await post(one, { kind: "message", role: "assistant", text: "a\u001b[31mb\0c" })).status).toBe(204);
    expect(
      (await post(one, { kind: "tool_call", id: "1", tool: "t".repeat(500), input: "é".repeat(9000) })).status,
    ).toBe(204);
    expect((await post(one, { kind: "tool_result", id: "1", ok: false, output: "\ud800x" })).status).toBe(204);
    expect(one.told).toEqual([
      { kind: "message", data: { role: "assistant", text: "abc" } },
      { kind: "tool_call", data: { id: "1", tool: "t".repeat(128), input: "é".repeat(4096) } },
      { kind: "tool_result", data: { id: "1", ok: false, output: "\ufffdx" } },
    ]);
  });

  it.each([
    ["no JSON", "{", "JSON"],
    ["an unknown kind", { kind: "end", state: "succeeded" }, "kind"],
    ["a wrong field", { kind: "message", role: "system", text: "x" }, "role"],
    ["a missing field", { kind: "tool_result", id: "1", output: "" }, "ok"],
  ])("refuses %s and names it", async (_what, body, named) => {
    const one = await bench();
    const answer = await post(one, body);
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.body)).toMatchObject({ error: { message: expect.stringContaining(named) as string } });
    expect(one.told).toEqual([]);
  });

  it("takes no more than it may, and nothing without the token", async () => {
    const one = await bench();
    expect((await post(one, { kind: "message", role: "note", text: "x".repeat(300_000) })).status).toBe(413);
    const body = JSON.stringify({ kind: "message", role: "note", text: "x" });
    expect((await one.call({ method: "POST", path: "/run/events", body })).status).toBe(401);
    const statuses = new Map<number, number>();
    for (let batch = 0; batch < 42; batch += 1) {
      const answers = await Promise.all(Array.from({ length: 50 }, () => post(one, body)));
      answers.forEach(({ status }) => statuses.set(status, (statuses.get(status) ?? 0) + 1));
    }
    expect(Object.fromEntries(statuses)).toEqual({ 204: 2000, 429: 100 });
    expect(one.told).toHaveLength(2000);
  });
});

describe("hostile connections", () => {
  it("1,000 at once, silent and talking garbage, leave it serving, and memory bounded", async () => {
    const one = await bench({ models: echo });
    const before = process.memoryUsage().rss;
    const flood = await Promise.all(Array.from({ length: 1000 }, () => one.dial().catch(() => null)));
    flood.forEach((socket, index) => {
      socket?.on("error", () => undefined);
      socket?.write(index % 2 === 0 ? Buffer.alloc(40_000, index) : "GET /v1/mod");
    });
    flood.forEach((socket) => socket?.destroy());
    await expect
      .poll(async () => (await one.call({ path: "/v1/models", headers: BEARER }).catch(() => null))?.status)
      .toBe(200);
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1024 * 1024);
  });

  it("closes who never finishes his headers", { timeout: 40_000 }, async () => {
    const one = await bench();
    const slow = await one.dial();
    slow.write("GET /v1/models HTTP/1.1\r\nHost: x\r\n");
    const begun = Date.now();
    const drip = setInterval(() => slow.write("a: b\r\n"), 500);
    expect(await drain(slow)).toContain("408");
    clearInterval(drip);
    expect(Date.now() - begun).toBeLessThan(20_000);
  });

  const AUTH = `Authorization: Bearer ${TOKEN}\r\n`;
  it.each([
    ["garbage", "\0\x01\x02 nonsense\r\n\r\n", "400"],
    ["huge headers", `GET /v1/models HTTP/1.1\r\nHost: x\r\nx: ${"y".repeat(40_000)}\r\n\r\n`, "431"],
    [
      "length and chunks together",
      `POST /v1/messages HTTP/1.1\r\nHost: x\r\n${AUTH}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      "400",
    ],
    [
      "two lengths",
      `POST /v1/messages HTTP/1.1\r\nHost: x\r\n${AUTH}Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde`,
      "400",
    ],
    [
      "a broken chunk",
      `POST /v1/messages HTTP/1.1\r\nHost: x\r\n${AUTH}Transfer-Encoding: chunked\r\n\r\nzz\r\n`,
      "400",
    ],
    [
      "another coding",
      `POST /v1/messages HTTP/1.1\r\nHost: x\r\n${AUTH}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
      "501",
    ],
    ["two hosts", `GET /v1/models HTTP/1.1\r\nHost: x\r\nHost: y\r\n${AUTH}\r\n`, "400"],
    ["no host", `GET /v1/models HTTP/1.1\r\n${AUTH}\r\n`, "400"],
  ])("refuses %s", async (_what, bytes, status) => {
    const one = await bench({ models: (_request, response) => void response.end("reached") });
    const socket = await one.dial();
    socket.end(bytes);
    const answer = await drain(socket);
    expect(answer).toContain(`HTTP/1.1 ${status}`);
    expect(answer).not.toContain("reached");
  });

  it("puts on record what two readers could read differently", async () => {
    const one = await bench();
    const [hosts, tunnel] = [await one.dial(), await one.dial()];
    hosts.end("GET /v1/models HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n");
    tunnel.end("CONNECT x.test:443 HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n");
    expect((await Promise.all([drain(hosts), drain(tunnel)])).map((answer) => answer.slice(9, 12))).toEqual([
      "400",
      "400",
    ]);
    expect(one.recorded.map(({ event, reason }) => `${event} ${reason}`)).toContain("run.call_refused not_one_host");
  });

  it("frames the body of a GET anew, so that no request hides in it", async () => {
    const seen: (string | undefined)[] = [];
    const one = await bench({
      models: (request, response) => {
        seen.push(`${request.method} ${request.url}`);
        void textOf(request).then((body) => response.end(`body:${body.length}`));
      },
    });
    const hidden = "GET /admin HTTP/1.1\r\nHost: x\r\n\r\n";
    const socket = await one.dial();
    const chunk = `${hidden.length.toString(16)}\r\n${hidden}\r\n0\r\n\r\n`;
    socket.write(
      `GET /v1/models HTTP/1.1\r\nHost: x\r\n${AUTH}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n${chunk}`,
    );
    expect(await drain(socket)).toContain(`body:${hidden.length}`);
    expect(seen).toEqual(["GET /v1/models"]);
  });

  it("bounds requests sent one behind the other", async () => {
    let most = 0;
    let now = 0;
    const one = await bench({
      models: (_request, response) => {
        most = Math.max(most, (now += 1));
        setImmediate(() => response.end(() => (now -= 1)));
      },
    });
    const socket = await one.dial();
    const line = `GET /v1/models HTTP/1.1\r\nHost: x\r\n${AUTH}`;
    socket.write(`${line}\r\n`.repeat(1000) + `${line}Connection: close\r\n\r\n`);
    const answers = await drain(socket);
    expect(answers.split("HTTP/1.1 200").length - 1).toBeGreaterThan(0);
    expect(answers.split("HTTP/1.1 200").length + answers.split("HTTP/1.1 429").length - 2).toBe(1001);
    expect(most).toBeLessThanOrEqual(128);
  });
});

describe("the socket", () => {
  it("is open to the container's account, replaces what is left of another, and goes with everything on it", async () => {
    const one = await bench({ models: (_request, response) => void response.write("begun") });
    expect(statSync(one.socket).mode & 0o777).toBe(0o666);
    const idle = await one.dial();
    const busy = await one.dial();
    busy.write(`GET /v1/models HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${TOKEN}\r\n\r\n`);
    await once(busy, "data");
    const ends = [drain(idle), drain(busy)];
    await one.link.close();
    await Promise.all(ends);
    expect(existsSync(one.socket)).toBe(false);
  });

  it("says so when its path is too long for the kernel", async () => {
    const folder = join(mkdtempSync(join(tmpdir(), "openclaw-link-")), "x".repeat(100));
    mkdirSync(folder);
    const options = {
      folder,
      token: TOKEN,
      grants: { models: true, egress: { domains: [] } },
      modelSocket: "",
      origin: { actor: { type: "worker", id: "w" } as const },
      tell: () => undefined,
      record: () => Promise.resolve(),
      log: createLogger("test", "silent"),
    };
    await expect(openRunLink(options)).rejects.toThrow("107 bytes");
    rmSync(join(folder, ".."), { recursive: true });
  });
});

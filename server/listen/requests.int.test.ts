import { writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ask, openSocket, readAnswer, sendRaw } from "../../tests/support/raw-http.ts";
import { startServer, type TestServer } from "../../tests/support/server.ts";

let server: TestServer;
let port: number;

beforeAll(async () => {
  server = await startServer(`{ gateway: { token: "${TOKEN}" } }`);
  port = Number(new URL(server.url).port);
});
afterAll(() => server.stop());

/** With a good token, so that the body is read. */
const TOKEN = "k3Zt9QwLx7VbN2mRf8Yc5HjP";
const POST = `POST /api/v1/messages HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/json\r\nX-Api-Key: ${TOKEN}\r\n`;
const SECOND = "GET /healthz HTTP/1.1\r\nHost: gateway\r\n\r\n";
const CHUNKED = "Transfer-Encoding: chunked\r\n";

describe("request smuggling: refused with 400, and nothing behind it is ever read as a request", () => {
  it.each<[string, string]>([
    ["Content-Length and Transfer-Encoding", `${POST}Content-Length: 4\r\n${CHUNKED}\r\n0\r\n\r\n${SECOND}`],
    ["Transfer-Encoding and Content-Length", `${POST}${CHUNKED}Content-Length: 4\r\n\r\n0\r\n\r\n${SECOND}`],
    ["two different lengths", `${POST}Content-Length: 0\r\nContent-Length: 44\r\n\r\n${SECOND}`],
    ["the same length twice", `${POST}Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}${SECOND}`],
    ["a list of lengths", `${POST}Content-Length: 2, 2\r\n\r\n{}${SECOND}`],
    ["a signed length", `${POST}Content-Length: +2\r\n\r\n{}${SECOND}`],
    ["a negative length", `${POST}Content-Length: -1\r\n\r\n${SECOND}`],
    ["a hexadecimal length", `${POST}Content-Length: 0x2\r\n\r\n{}${SECOND}`],
    ["a length beyond 64 bits", `${POST}Content-Length: 99999999999999999999999\r\n\r\n${SECOND}`],
    ["an unknown encoding", `${POST}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${SECOND}`],
    ["chunked not last", `${POST}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n${SECOND}`],
    ["chunked hidden by a tab", `${POST}Transfer-Encoding:\tchunked\x0b\r\n\r\n0\r\n\r\n${SECOND}`],
    ["a space before the colon", `${POST}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n${SECOND}`],
    ["a folded header", `${POST}Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n${SECOND}`],
    ["a folded header of ours", `${POST}X-Forwarded-For: 1.2.3.4\r\n , 5.6.7.8\r\nContent-Length: 0\r\n\r\n${SECOND}`],
    ["a space before the first header", "GET /healthz HTTP/1.1\r\n Host: gateway\r\n\r\n"],
    ["bare line feeds", "GET /healthz HTTP/1.1\nHost: gateway\n\n"],
    ["a bare line feed between headers", `GET /healthz HTTP/1.1\r\nHost: gateway\nX-A: b\r\n\r\n`],
    ["a bare carriage return in a header", `GET /healthz HTTP/1.1\r\nHost: gateway\r\nX-A: b\rX-B: c\r\n\r\n`],
    ["a NUL in a header", "GET /healthz HTTP/1.1\r\nHost: gateway\r\nX-A: b\0c\r\n\r\n"],
    ["a chunk size with a space", `${POST}${CHUNKED}\r\n2 2\r\n{}\r\n0\r\n\r\n${SECOND}`],
    ["a hexadecimal prefix in a chunk size", `${POST}${CHUNKED}\r\n0x2\r\n{}\r\n0\r\n\r\n${SECOND}`],
    ["a chunk size beyond 64 bits", `${POST}${CHUNKED}\r\nfffffffffffffffff\r\n{}\r\n0\r\n\r\n${SECOND}`],
    ["a chunk ended by a bare line feed", `${POST}${CHUNKED}\r\n2\n{}\r\n0\r\n\r\n${SECOND}`],
    ["a chunk extension ended by a bare line feed", `${POST}${CHUNKED}\r\n2;\n{}\r\n0\r\n\r\n${SECOND}`],
    ["a chunk extension with a bare carriage return", `${POST}${CHUNKED}\r\n2;a\rb\r\n{}\r\n0\r\n\r\n${SECOND}`],
    ["a chunk that is longer than it says", `${POST}${CHUNKED}\r\n2\r\n{}xx\r\n0\r\n\r\n${SECOND}`],
    ["two Hosts", "GET /healthz HTTP/1.1\r\nHost: gateway\r\nHost: other\r\n\r\n"],
    ["no Host", "GET /healthz HTTP/1.1\r\nX: y\r\n\r\n"],
    ["HTTP/0.9", "GET /healthz\r\n\r\n"],
    ["an unknown version", "GET /healthz HTTP/3.7\r\nHost: gateway\r\n\r\n"],
    ["an invented method", `SMUGGLE /healthz HTTP/1.1\r\nHost: gateway\r\n\r\n${SECOND}`],
    ["the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
    ["a TLS handshake on the plain port", "\x16\x03\x01\x00\x05hello\r\n\r\n"],
  ])("%s", async (_, bytes) => {
    const answer = await sendRaw({ port, from: "127.0.5.1" }, bytes);
    expect(answer.status).toBe(400);
    expect(answer.headers["connection"]).toBe("close");
    expect(JSON.parse(answer.body)).toMatchObject({ error: { code: "invalid_input" } });
    expect(answer.text.split("HTTP/1.1 ")).toHaveLength(2);
    expect(await server.events(answer.headers["x-request-id"] ?? null)).toMatchObject([
      { event: "network.bad_request", outcome: "denied", actor_id: "127.0.5.1" },
    ]);
  });

  it("an answer carries the security headers and repeats nothing of what came", async () => {
    const answer = await sendRaw({ port }, "GET /<script>alert(1)</script> HTTP/1.1\nx\n\n");
    expect(answer.headers).toMatchObject({ "x-content-type-options": "nosniff", "cache-control": "no-store" });
    expect(answer.headers["content-security-policy"]).toContain("default-src 'none'");
    expect(answer.text).not.toContain("script>");
  });
});

describe("limits of a request", () => {
  const head = (more: string): string => `GET /healthz HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n${more}\r\n`;
  const headers = (count: number): string => Array.from({ length: count }, (_, n) => `x-${n}: y\r\n`).join("");

  it.each<[string, string, number]>([
    ["headers of 16 KiB", head(`x: ${"y".repeat(16_384)}\r\n`), 431],
    ["an address of 16 KiB", `GET /${"y".repeat(16_384)} HTTP/1.1\r\nHost: gateway\r\n\r\n`, 431],
    ["101 headers", head(headers(99)), 431],
    ["100 headers", head(headers(98)), 200],
    ["an expectation nobody knows", head("Expect: miracles\r\n"), 417],
    ["chunk extensions of 16 KiB", `${POST}${CHUNKED}\r\n2;${"a".repeat(17_000)}\r\n{}\r\n0\r\n\r\n`, 413],
  ])("%s", async (_, bytes, status) => {
    const answer = await sendRaw({ port }, bytes);
    expect(answer.status).toBe(status);
    if (status !== 200) {
      expect(JSON.parse(answer.body)).toMatchObject({ error: { message: expect.any(String) as string } });
      expect(await server.events(answer.headers["x-request-id"] ?? null)).toMatchObject([
        { event: "network.bad_request" },
      ]);
    }
  });

  it("silent, slow and unfinished requests end in time, and others are served meanwhile", async () => {
    const half = "GET /healthz HTTP/1.1\r\nHost: gateway\r\nX-Slow: ";
    const from = "127.0.6.1";
    const silent = await Promise.all(Array.from({ length: 100 }, () => openSocket({ port, from })));
    const slow = await Promise.all(Array.from({ length: 100 }, () => openSocket({ port, from })));
    slow.forEach((socket) => socket.write(half));
    // One byte now and then does not buy more time.
    const drip = setInterval(() => slow.forEach((socket) => socket.write("a")), 500);
    const ends = [...silent, ...slow].map((socket) => readAnswer(socket));
    const other = await openSocket({ port, from: "127.0.6.2" });
    let ended = false;
    const all = Promise.all(ends).finally(() => (ended = true));
    while (!ended) {
      const asked = performance.now();
      expect((await ask(other, "/healthz")).status).toBe(200);
      expect(performance.now() - asked).toBeLessThan(1_000);
      await Promise.race([all, new Promise((resolve) => setTimeout(resolve, 250))]);
    }
    clearInterval(drip);
    const answers = await all;
    other.destroy();
    expect(new Set(answers.slice(0, 100).map(({ status }) => status))).toEqual(new Set([0]));
    expect(new Set(answers.slice(100).map(({ status }) => status))).toEqual(new Set([408]));
    const rows = (await server.recorded("network.bad_request")).filter((row) => row.actor_id === from);
    expect(rows.reduce((sum, { data }) => sum + Number(data["count"]), 0)).toBe(100);
    expect(rows.length).toBeLessThan(20);
  });
});

describe("what is behind a refused request in the same connection", () => {
  it("a request that was answered already gets no second answer when its body turns out malformed", async () => {
    const head = POST.replace(TOKEN, "wrong");
    const answer = await sendRaw({ port }, `${head}${CHUNKED}\r\n2\r\n{}xx\r\n0\r\n\r\n${SECOND}`);
    expect(answer.text.match(/HTTP\/1\.1 /g)).toHaveLength(1);
  });

  it("is not carried out, however good it is by itself", async () => {
    const body = '{"text":"/help","user":"behind"}';
    const good = `${POST}Content-Length: ${body.length}\r\n\r\n${body}`;
    const answer = await sendRaw({ port }, `GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n${good}`);
    expect(answer.status).toBe(400);
    const direct = await sendRaw(
      { port },
      good.replace("\r\n", "\r\nConnection: close\r\n").replace("behind", "direct"),
    );
    expect(direct.status).toBe(200);
    const users = (await server.recorded("message.received")).map((row) => row.user_id);
    expect(users).toEqual(["direct"]);
  });

  it("a slow answer that was under way comes first and whole", async () => {
    const body = '{"text":"/help"}';
    const good = `${POST}Content-Length: ${body.length}\r\n\r\n${body}`;
    const answer = await sendRaw({ port }, `${good}${good}garbage\r\n\r\n`);
    const statuses = [...answer.text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => status);
    expect(statuses).toEqual(["200", "200", "400"]);
  });

  it("garbage after a good request does not take its answer away", async () => {
    const answer = await sendRaw({ port }, `${SECOND}garbage\r\n\r\n`);
    expect(answer.text).toContain("HTTP/1.1 400");
    expect(JSON.parse(answer.body)).toMatchObject({ status: "ok" });
  });
});

it("NET-7 health says ok to a stranger and nothing else, with the security headers", async () => {
  for (const path of ["/healthz", "/readyz", "/startupz"]) {
    const answer = await sendRaw({ port }, `GET ${path} HTTP/1.1\r\nHost: stranger\r\nConnection: close\r\n\r\n`);
    expect(answer.body).toBe('{"status":"ok"}');
    expect(answer.headers).toMatchObject({ "x-content-type-options": "nosniff", "referrer-policy": "no-referrer" });
  }
});

describe("NET-6 a browser cannot be talked into using the API", () => {
  const whoami = (host: string, more: string) =>
    sendRaw(
      { port },
      `GET /api/v1/whoami HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\nX-Api-Key: ${TOKEN}\r\n${more}\r\n`,
    );
  const own = (): string => `127.0.0.1:${port}`;

  it("takes up a changed list of origins without a restart", async () => {
    const foreign = "Origin: https://gate.example\r\n";
    expect((await whoami("gate.example", foreign)).status).toBe(421);
    const changed = `{ gateway: { token: "${TOKEN}", allowedOrigins: ["https://gate.example"] } }`;
    writeFileSync(server.home.configFile, changed);
    for (;;) {
      if ((await whoami("gate.example", foreign)).status === 200) {
        break;
      }
    }
    writeFileSync(server.home.configFile, changed.replace("gate.example", "other.example"));
    for (;;) {
      if ((await whoami("gate.example", foreign)).status === 421) {
        break;
      }
    }
  });

  it.each<[string, () => string, string, number]>([
    ["a bot under any name", () => "gateway.internal", "", 200],
    ["a page of ours", own, "Sec-Fetch-Site: same-origin\r\n", 200],
    ["a foreign page", own, "Origin: https://evil.example\r\n", 403],
    ["a cross-site read", own, "Sec-Fetch-Site: cross-site\r\n", 403],
    ["a sandboxed frame", own, "Origin: null\r\n", 403],
    ["DNS rebinding", () => `evil.example:${port}`, `Origin: http://evil.example:${port}\r\n`, 421],
    ["DNS rebinding, a read", () => "evil.example", "Sec-Fetch-Site: same-origin\r\n", 421],
    ["a forwarded name", () => "evil.example", `X-Forwarded-Host: 127.0.0.1\r\nOrigin: http://evil.example\r\n`, 421],
  ])("%s", async (_, host, headers, status) => {
    const answer = await whoami(host(), headers);
    expect(answer.status).toBe(status);
    if (status !== 200) {
      const events = await server.events(answer.headers["x-request-id"] ?? null);
      expect(events).toMatchObject([{ event: "network.origin_refused", outcome: "denied" }]);
    }
  });
});

import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer as createHttpServer, type IncomingMessage, type RequestListener } from "node:http";
import { createServer as createTcpServer, type Socket } from "node:net";
import { connect as connectTls, createServer as createTlsServer } from "node:tls";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { PUBLIC_INTERNET } from "#worker/link/egress/open-connection.ts";
import type { EgressOptions } from "#worker/link/egress/proxy.ts";
import { drain, listenOnLoopback, openLinkBench, textOf, type LinkBench } from "#worker/link/test/link-bench.ts";
import { certificateFolder } from "../../../tests/support/certificates.ts";

const certificates = certificateFolder();
const seen: { method: string; url: string; headers: IncomingMessage["headers"]; raw: string[]; body: string }[] = [];
let behave: RequestListener | null = null;
const web = createHttpServer((request, response) => {
  if (behave !== null) {
    behave(request, response);
    return;
  }
  void textOf(request).then((body) => {
    const { method = "", url = "", headers, rawHeaders: raw } = request;
    seen.push({ method, url, headers, raw, body });
    response.writeHead(200, { "set-cookie": ["a=1", "b=2"], "x-from": "outside", "keep-alive": "timeout=9" });
    response.end(`got ${body}`);
  });
});
const pair = certificates.make("outside", { names: "DNS:example.test,DNS:other.test" });
const tls = createTlsServer(
  { cert: readFileSync(pair.cert), key: readFileSync(pair.key), allowHalfOpen: true },
  (socket) => {
    socket.on("error", () => undefined);
    socket.pipe(socket);
  },
);
tls.on("tlsClientError", () => undefined);
let ports = { http: 0, tls: 0 };
const asked: string[] = [];
const DOMAINS = ["example.test", "*.wild.test"];

beforeAll(async () => {
  ports = { http: await listenOnLoopback(web), tls: await listenOnLoopback(tls) };
});
afterAll(() => {
  web.closeAllConnections();
  web.close();
  tls.close();
  certificates.remove();
});

const open: LinkBench[] = [];
async function bench(egress: EgressOptions = {}, domains = DOMAINS): Promise<LinkBench> {
  const one = await openLinkBench({
    grants: { models: false, egress: { domains } },
    egress: {
      ports,
      reach: {
        resolve: async (host) => {
          asked.push(host);
          return [{ address: "127.0.0.1", family: 4 }];
        },
        isReachable: () => true,
      },
      ...egress,
    },
  });
  open.push(one);
  return one;
}
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
  behave = null;
  seen.length = 0;
  asked.length = 0;
});

/** Asks for a tunnel. Resolves to what was answered, and the socket behind it. */
async function tunnel(one: LinkBench, authority: string): Promise<{ head: string; socket: Socket }> {
  const socket = await one.dial();
  socket.on("error", () => undefined);
  socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`);
  const [head] = (await once(socket, "data")) as [Buffer];
  return { head: String(head), socket };
}

const url = (host = "example.test", path = "/p?q=1"): string => `http://${host}:${ports.http}${path}`;
const host = (name = "example.test"): Record<string, string> => ({ host: `${name}:${ports.http}` });
const reasons = (one: LinkBench) => one.recorded.map(({ event, reason }) => reason ?? event);

describe("plain HTTP", () => {
  it("reaches a listed host, without what belongs to the connection, and is recorded before", async () => {
    const one = await bench();
    const answer = await one.call({
      method: "POST",
      path: url(),
      headers: {
        ...host(),
        "proxy-authorization": "Basic x",
        connection: "x-hop, content-length",
        "x-hop": "1",
        upgrade: "h2c",
        te: "trailers",
        "x-own": "1",
      },
      body: "hello",
    });
    expect(answer).toMatchObject({ status: 200, body: "got hello" });
    expect(answer.headers).toMatchObject({ "set-cookie": ["a=1", "b=2"], "x-from": "outside" });
    expect(answer.headers["keep-alive"]).not.toBe("timeout=9");
    expect(seen).toMatchObject([
      { method: "POST", url: "/p?q=1", body: "hello", headers: { ...host(), "x-own": "1", connection: "close" } },
    ]);
    expect(Object.keys(seen[0]?.headers ?? {}).sort()).toEqual(["connection", "content-length", "host", "x-own"]);
    expect(one.recorded).toEqual([
      {
        event: "egress.allowed",
        outcome: "ok",
        actor: { type: "worker", id: "wrk_1" },
        target: "run_1",
        data: { host: "example.test", port: ports.http, address: "127.0.0.1", count: 1 },
      },
    ]);
    expect(one.told).toEqual([{ kind: "egress", data: { host: "example.test", allowed: true } }]);
    expect(asked).toEqual(["example.test."]);
  });

  it.each([
    [
      "a host that is not listed",
      () => ({ path: url("evil.test"), headers: host("evil.test") }),
      403,
      "host_not_listed",
    ],
    ["the apex of a wildcard", () => ({ path: url("wild.test"), headers: host("wild.test") }), 403, "host_not_listed"],
    ["an address", () => ({ path: url("127.0.0.1"), headers: host("127.0.0.1") }), 403, "host_invalid"],
    ["an address as a number", () => ({ path: url("2130706433"), headers: host("2130706433") }), 403, "host_invalid"],
    ["an IPv6 address", () => ({ path: "http://[::1]/", headers: { host: "[::1]" } }), 403, "host_invalid"],
    [
      "credentials in the address",
      () => ({ path: url("example.test@evil.test"), headers: host() }),
      403,
      "host_invalid",
    ],
    ["another scheme", () => ({ path: "https://example.test/", headers: host() }), 403, "host_invalid"],
    ["a file", () => ({ path: "file:///etc/passwd", headers: host() }), 403, "host_invalid"],
    [
      "another port",
      () => ({ path: "http://example.test:22/", headers: { host: "example.test:22" } }),
      403,
      "port_refused",
    ],
    [
      "the port of TLS",
      () => ({ path: `http://example.test:${ports.tls}/`, headers: { host: `example.test:${ports.tls}` } }),
      403,
      "port_refused",
    ],
    ["another host in the header", () => ({ path: url(), headers: host("evil.test") }), 400, "host_mismatch"],
    ["another port in the header", () => ({ path: url(), headers: { host: "example.test:1" } }), 400, "host_mismatch"],
  ])("refuses %s", async (_what, call, status, reason) => {
    const one = await bench();
    const answer = await one.call(call());
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.body)).toMatchObject({ error: { code: `egress_${reason}` } });
    expect(one.recorded).toMatchObject([{ event: "egress.refused", outcome: "denied", reason, target: "run_1" }]);
    expect(one.told).toMatchObject([{ kind: "egress", data: { allowed: false } }]);
    expect([seen, asked]).toEqual([[], []]);
  });

  it("refuses everything without a grant, and anything it cannot record", async () => {
    const one = await bench({}, []);
    expect((await one.call({ path: url(), headers: host() })).status).toBe(403);
    expect(reasons(one)).toEqual(["not_granted"]);
    const blind = await openLinkBench({
      grants: { models: false, egress: { domains: DOMAINS } },
      egress: { ports, reach: { resolve: async () => [{ address: "127.0.0.1", family: 4 }], isReachable: () => true } },
      record: () => Promise.reject(new Error("no database")),
    });
    open.push(blind);
    expect((await blind.call({ path: url(), headers: host() })).status).toBe(503);
    expect((await blind.call({ path: url("evil.test"), headers: host("evil.test") })).status).toBe(503);
    expect(seen).toEqual([]);
  });

  it("CVE-2026-28467 refuses names that lead inside, with the strict rule of real runs", async () => {
    for (const addresses of [
      ["127.0.0.1"],
      ["169.254.169.254"],
      ["::1"],
      ["8.8.8.8", "10.0.0.1"],
      ["::ffff:192.168.0.1"],
    ]) {
      const found = addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
      const one = await bench({ reach: { ...PUBLIC_INTERNET, resolve: async () => found } });
      expect((await one.call({ path: url(), headers: host() })).status).toBe(403);
      expect(one.recorded).toMatchObject([{ reason: "address_not_public", data: { address: addresses.join(" ") } }]);
    }
    expect(seen).toEqual([]);
  });

  it("CVE-2026-28467 looks a name up once and connects to what was judged (DNS rebinding)", async () => {
    let times = 0;
    const judged: string[] = [];
    const one = await bench({
      reach: {
        resolve: async () => [{ address: (times += 1) === 1 ? "127.0.0.1" : "127.0.0.2", family: 4 }],
        isReachable: (address) => judged.push(address) > 0,
      },
    });
    expect((await one.call({ path: url(), headers: host() })).status).toBe(200);
    expect([times, judged, one.recorded[0]?.data?.["address"]]).toEqual([1, ["127.0.0.1"], "127.0.0.1"]);
  });

  it("answers 502 when a name is not found or nobody answers", async () => {
    const one = await bench({
      reach: { resolve: () => Promise.reject(new Error("ENOTFOUND")), isReachable: () => true },
    });
    expect((await one.call({ path: url(), headers: host() })).status).toBe(502);
    const closed = createTcpServer();
    const free = await listenOnLoopback(closed);
    await new Promise((resolve) => closed.close(resolve));
    const two = await bench({ ports: { http: free, tls: 0 } });
    expect(
      (await two.call({ path: `http://example.test:${free}/`, headers: { host: `example.test:${free}` } })).status,
    ).toBe(502);
    expect([...one.recorded, ...two.recorded]).toMatchObject([
      { reason: "not_resolved", outcome: "failed" },
      { reason: "connect_failed", outcome: "failed", data: { address: "127.0.0.1" } },
    ]);
  });

  it("does not take an upgrade, and answers 502 to an outside that talks no HTTP", async () => {
    const one = await bench();
    behave = (request) =>
      void request.socket.end("HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n");
    expect((await one.call({ path: url(), headers: host() })).status).toBe(502);
    behave = (request) => void request.socket.end("nonsense\r\n");
    expect((await one.call({ path: url(), headers: host() })).status).toBe(502);
  });

  it("holds 16 connections at a time, and bytes up and down over all of them", async () => {
    const one = await bench({ maxBytes: 100_000 });
    const held: (() => void)[] = [];
    behave = (_request, response) => void held.push(() => response.end());
    const calls = Array.from({ length: 17 }, () => one.call({ path: url(), headers: host() }));
    await expect.poll(() => held.length).toBe(16);
    await expect.poll(() => reasons(one)).toContain("too_many_connections");
    held.forEach((end) => end());
    const statuses = (await Promise.all(calls)).map(({ status }) => status).sort();
    expect(statuses).toEqual([...Array<number>(16).fill(200), 429]);

    behave = null;
    const post = { method: "POST", path: url(), headers: host(), body: "x".repeat(60_000) };
    expect((await one.call(post)).status).toBe(200);
    expect((await one.call(post).catch(() => ({ status: 0 }))).status).not.toBe(200);
    expect(reasons(one)).toContain("upload_limit");

    const two = await bench({ maxBytes: 100_000 });
    behave = (_request, response) => void response.end("y".repeat(200_000));
    await expect(two.call({ path: url(), headers: host() })).rejects.toThrow();
    await expect.poll(() => reasons(two)).toContain("download_limit");
  });

  it("ends a connection on which nothing moves", async () => {
    const one = await bench({ idleMs: 100 });
    behave = () => undefined;
    expect((await one.call({ path: url(), headers: host() })).status).toBe(502);
  });
});

describe("tunnels", () => {
  it("carry TLS to a listed host, both ways, and each way ends by itself", async () => {
    const one = await bench();
    const { head, socket } = await tunnel(one, `example.test:${ports.tls}`);
    expect(head).toMatch(/^HTTP\/1\.1 200 /);
    const client = connectTls({ socket, servername: "example.test", ca: readFileSync(pair.cert) });
    await once(client, "secureConnect");
    const sent = "z".repeat(1_000_000);
    client.end(sent);
    expect((await textOf(client)) === sent).toBe(true);
    expect(reasons(one)).toEqual(["egress.allowed"]);
  });

  it.each([
    ["no TLS", "GET / HTTP/1.1\r\nHost: example.test\r\n\r\n", "not_tls"],
    ["nothing", "", "not_tls"],
  ])("refuse %s", async (_what, bytes, reason) => {
    const one = await bench();
    const { socket } = await tunnel(one, `example.test:${ports.tls}`);
    socket.end(bytes);
    expect(await drain(socket)).toBe("");
    expect(reasons(one)).toEqual(["egress.allowed", reason]);
  });

  it.each([
    ["another allowed host's name", "a.wild.test", "server_name_mismatch"],
    ["no name", undefined, "server_name_missing"],
  ])("refuse a handshake with %s", async (_what, servername, reason) => {
    const one = await bench();
    const { socket } = await tunnel(one, `example.test:${ports.tls}`);
    const client = connectTls({
      socket,
      rejectUnauthorized: false,
      ...(servername === undefined ? {} : { servername }),
    });
    await once(client, "error");
    await expect.poll(() => reasons(one)).toEqual(["egress.allowed", reason]);
  });

  it.each([
    ["evil.test:443", "host_not_listed"],
    ["127.0.0.1:443", "host_invalid"],
    ["example.test", "host_invalid"],
    ["example.test:22", "port_refused"],
  ])("refuse %s", async (authority, reason) => {
    const one = await bench();
    const { head } = await tunnel(one, authority);
    expect(head).toMatch(/^HTTP\/1\.1 403 /);
    expect(reasons(one)).toEqual([reason]);
  });

  it("end at the outside when the program goes", async () => {
    const one = await bench();
    const { socket } = await tunnel(one, `example.test:${ports.tls}`);
    const client = connectTls({ socket, servername: "example.test", rejectUnauthorized: false });
    const outsides = once(tls, "secureConnection");
    await once(client, "secureConnect");
    const [outside] = (await outsides) as [Socket];
    const ended = once(outside, "close");
    socket.destroy();
    await ended;
    await one.link.close();
  });

  it("end with the link", async () => {
    const one = await bench();
    const { socket } = await tunnel(one, `example.test:${ports.tls}`);
    const ended = drain(socket);
    await one.link.close();
    await ended;
  });
});

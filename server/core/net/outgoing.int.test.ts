/** Connections out of the process: a real listener on loopback counts who arrives. */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { fetch, request } from "undici";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { NOTHING_PRIVATE, type AllowsPrivate } from "#server/core/net/outbound-policy.ts";
import { openOutgoing, refusalOf, type Outgoing, type OutgoingOptions } from "#server/core/net/outgoing.ts";
import { certificateFolder } from "../../../tests/support/certificates.ts";

let server: Server;
let port: number;
let connections: number;
const open: Outgoing[] = [];

beforeEach(async () => {
  connections = 0;
  server = createServer((incoming, response) => {
    response.writeHead(incoming.url === "/redirect" ? 302 : 200, {
      location: `http://127.0.0.1:${port}/secret`,
      ...(incoming.url === "/big" ? { "x-big": "x".repeat(64 * 1024) } : {}),
    });
    response.end("answer");
  });
  server.on("connection", () => (connections += 1));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  port = (server.address() as AddressInfo).port;
});

afterEach(async () => {
  await Promise.all(open.splice(0).map((outgoing) => outgoing.close()));
  const closed = once(server, "close");
  server.close();
  server.closeAllConnections();
  await closed;
});

function outgoing(allowsPrivate: AllowsPrivate, options: Partial<OutgoingOptions> = {}): Outgoing["dispatcher"] {
  const opened = openOutgoing({ allowsPrivate, ...options });
  open.push(opened);
  return opened.dispatcher;
}

const answering = (...addresses: string[]) => ({
  resolve: async () => addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })),
});
const failed = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => null,
    (error: unknown) => error,
  );

test("CVE-2026-28467 no spelling of a loopback address gets a connection", async () => {
  const dispatcher = outgoing(NOTHING_PRIVATE);
  const spellings = [
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0177.0.0.1",
    "127.0.0.1.",
    "[::ffff:127.0.0.1]",
  ];
  for (const host of [...spellings, "localhost", "[::1]", "0.0.0.0", "[::]"]) {
    const error = await failed(request(`http://${host}:${port}/`, { dispatcher }));
    expect(refusalOf(error)?.message, host).toContain("security.outbound.allowedPrivate");
  }
  expect(connections).toBe(0);
});

test("CVE-2026-28467 a name is refused when any of its addresses is", async () => {
  for (const addresses of [["127.0.0.1"], ["1.1.1.1", "127.0.0.1"], ["::ffff:7f00:1"], ["169.254.169.254"]]) {
    const dispatcher = outgoing(NOTHING_PRIVATE, answering(...addresses));
    const error = await failed(request(`http://name.example:${port}/`, { dispatcher }));
    expect(refusalOf(error)?.address).toBe(addresses.at(-1));
  }
  expect(connections).toBe(0);
});

test("CVE-2026-28467 each new connection looks the name up again, and goes to the addresses that were judged", async () => {
  let lookups = 0;
  // The first answer is open, the next leads elsewhere on the same machine.
  const resolve = async () => [{ address: (lookups += 1) === 1 ? "127.0.0.1" : "127.0.0.2", family: 4 }];
  const dispatcher = outgoing((_host, _port, address) => address === "127.0.0.1", { resolve });
  const first = await request(`http://name.example:${port}/`, { dispatcher, reset: true });
  expect(await first.body.text()).toBe("answer");
  const error = await failed(request(`http://name.example:${port}/`, { dispatcher, reset: true }));
  expect(refusalOf(error)?.address).toBe("127.0.0.2");
  expect([connections, lookups]).toEqual([1, 2]);
});

test("what is allowed gets through, for its host and port", async () => {
  const asked: unknown[] = [];
  const allows: AllowsPrivate = (...question) => asked.push(question) > 0;
  const { statusCode } = await request(`http://Name.Example:${port}/`, {
    dispatcher: outgoing(allows, answering("127.0.0.1")),
  });
  expect(statusCode).toBe(200);
  expect(asked).toEqual([["name.example", port, "127.0.0.1"]]);
});

test("a redirect is an answer, and its address is judged when somebody follows it all the same", async () => {
  const resolve = async () => [{ address: "127.0.0.1", family: 4 }];
  const dispatcher = outgoing((host) => host === "name.example", { resolve });
  const answer = await request(`http://name.example:${port}/redirect`, { dispatcher });
  expect(answer.statusCode).toBe(302);
  await answer.body.dump();
  const before = connections;
  const error = await failed(fetch(`http://name.example:${port}/redirect`, { dispatcher }));
  expect(refusalOf(error)?.host).toBe("127.0.0.1");
  expect(connections - before).toBeLessThanOrEqual(1);
});

test("a head that is too large and an answer that does not come end the request", async () => {
  const dispatcher = outgoing(() => true, { idleMs: 200 });
  expect(await failed(request(`http://127.0.0.1:${port}/big`, { dispatcher }))).toMatchObject({
    code: "UND_ERR_HEADERS_OVERFLOW",
  });
  server.removeAllListeners("request");
  expect(await failed(request(`http://127.0.0.1:${port}/`, { dispatcher }))).toMatchObject({
    code: "UND_ERR_HEADERS_TIMEOUT",
  });
});

test("a certificate that nobody vouches for ends the connection, also where the environment looks away", async () => {
  const folder = certificateFolder();
  const { cert, key } = folder.make("self");
  let served = 0;
  const tls = createTlsServer({ cert: readFileSync(cert), key: readFileSync(key) }, (_request, response) => {
    served += 1;
    response.end();
  });
  tls.listen(0, "127.0.0.1");
  await once(tls, "listening");
  vi.stubEnv("NODE_TLS_REJECT_UNAUTHORIZED", "0");
  try {
    const url = `https://localhost:${(tls.address() as AddressInfo).port}/`;
    const dispatcher = outgoing(() => true, answering("127.0.0.1"));
    expect(await failed(request(url, { dispatcher }))).toMatchObject({ code: "DEPTH_ZERO_SELF_SIGNED_CERT" });
    expect(served).toBe(0);
  } finally {
    vi.unstubAllEnvs();
    const closed = once(tls, "close");
    tls.close();
    await closed;
    folder.remove();
  }
});

test("a name without an address, and one that cannot be looked up, fail as such", async () => {
  const none = outgoing(() => true, answering());
  expect(await failed(request("http://name.example/", { dispatcher: none }))).toMatchObject({
    message: "the name has no address",
  });
  const broken = outgoing(() => true, { resolve: () => Promise.reject(new Error("no resolver")) });
  expect(await failed(request("http://name.example/", { dispatcher: broken }))).toMatchObject({
    message: "no resolver",
  });
});

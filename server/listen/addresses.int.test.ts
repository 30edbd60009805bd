import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ask, openSocket, readAnswer, sendRaw } from "../../tests/support/raw-http.ts";
import { startServer, type TestServer } from "../../tests/support/server.ts";

const PROXY = "127.0.2.1";
const ALLOWED = "203.0.113.9";
const CONFIG = `{
  gateway: {
    allowedIps: ["127.0.0.1", "127.0.1.0/24", "203.0.113.0/24"],
    trustedProxies: ["${PROXY}"],
    maxConnectionsPerAddress: 4,
  },
}`;

let server: TestServer;
let port: number;

beforeAll(async () => {
  server = await startServer(CONFIG);
  port = Number(new URL(server.url).port);
});
afterAll(() => server.stop());

const get = (from: string, more = "", path = "/healthz") =>
  sendRaw({ port, from }, `GET ${path} HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n${more}\r\n`);

interface Row {
  reason: string | null;
  actor_id: string;
  data: Record<string, unknown>;
}

/** Waits for the record itself: what is refused at the door gets no answer that could be waited for. */
async function until(event: string, isThere: (rows: Row[]) => boolean): Promise<Row[]> {
  for (;;) {
    const rows = await server.recorded(event);
    if (isThere(rows)) {
      return rows;
    }
  }
}

const refusedFrom = (address: string, reason: string) =>
  until("network.address_refused", (rows) => rows.some((row) => row.actor_id === address && row.reason === reason));

/** As the gateway saw it: what it put on record for a request without a token. */
async function addressSeen(from: string, headers: string): Promise<string | undefined> {
  const answer = await get(from, headers, "/api/v1/whoami");
  expect(answer.status).toBe(401);
  const [event] = await server.events(answer.headers["x-request-id"] ?? null);
  return event?.actor_id;
}

describe("NET-1 NET-4 the address of a connection", () => {
  it("NET-1 nothing listens on any other address", () => {
    const listening = readFileSync("/proc/net/tcp", "utf8") + readFileSync("/proc/net/tcp6", "utf8");
    const ours = listening
      .split("\n")
      .map((line) => line.trim().split(/\s+/))
      .filter(
        ([, local, , state]) =>
          state === "0A" && local?.endsWith(`:${port.toString(16).toUpperCase().padStart(4, "0")}`),
      );
    expect(ours.map(([, local]) => local?.split(":")[0])).toEqual(["0100007F"]);
  });

  it("NET-4 outside the list: closed without a byte, before anything is said, and on record", async () => {
    const socket = await openSocket({ port, from: "127.0.3.1" });
    expect((await readAnswer(socket)).text).toBe("");
    await refusedFrom("127.0.3.1", "not_allowed");
    expect((await get("127.0.1.9")).status).toBe(200);
  });

  it("NET-4 a flood from one address is counted in full and recorded in few rows", async () => {
    const from = "127.0.3.2";
    const mine = (rows: Row[]) => rows.filter((row) => row.actor_id === from);
    const counted = (rows: Row[]) => mine(rows).reduce((sum, { data }) => sum + Number(data["count"]), 0);
    await Promise.all(Array.from({ length: 100 }, async () => readAnswer(await openSocket({ port, from }))));
    const rows = await until("network.address_refused", (all) => counted(all) === 100);
    expect(mine(rows).length).toBeLessThan(50);
  });

  it("NET-4 an address holds a limited number of connections, and others do not notice", async () => {
    const from = "127.0.1.50";
    const held = await Promise.all([1, 2, 3, 4].map(() => openSocket({ port, from })));
    await Promise.all(held.map((socket) => ask(socket, "/healthz")));
    expect((await get(from)).status).toBe(0);
    await until("network.connections_exceeded", (rows) => rows.some((row) => row.actor_id === from));
    expect((await get("127.0.1.51")).status).toBe(200);
    const proxied = await Promise.all([1, 2, 3, 4, 5, 6].map(() => openSocket({ port, from: PROXY })));
    await Promise.all(proxied.map((socket) => ask(socket, "/healthz", `X-Forwarded-For: ${ALLOWED}\r\n`)));
    [...held, ...proxied].forEach((socket) => socket.destroy());
  });
});

describe("NET-4 behind a trusted proxy", () => {
  it.each([
    ["an allowed client", `X-Forwarded-For: ${ALLOWED}\r\n`, 200],
    ["a foreign client", "X-Forwarded-For: 198.51.100.1\r\n", 403],
    ["a foreign client that writes an allowed one in front", `X-Forwarded-For: ${ALLOWED}, 198.51.100.1\r\n`, 403],
    ["the same in two lines", `X-Forwarded-For: ${ALLOWED}\r\nX-Forwarded-For: 198.51.100.1\r\n`, 403],
    ["CVE-2026-35656 a client that claims to be local", "X-Forwarded-For: 127.0.0.1\r\n", 403],
    ["headers that are not believed", `Forwarded: for=${ALLOWED}\r\nX-Real-IP: ${ALLOWED}\r\n`, 403],
    ["a client in its IPv6 spelling", "X-Forwarded-For: ::ffff:203.0.113.9\r\n", 200],
  ])("%s", async (_, headers, status) => {
    const answer = await get(PROXY, headers);
    expect(answer.status).toBe(status);
    if (status === 403) {
      expect(answer.headers["connection"]).toBe("close");
      expect(answer.body).toContain("gateway.allowedIps");
      const events = await server.events(answer.headers["x-request-id"] ?? null);
      expect(events).toMatchObject([
        { event: "network.address_refused", outcome: "denied", because: "gateway.allowedIps" },
      ]);
    }
  });

  it("a WebSocket of a foreign client is refused before it is one", async () => {
    const upgrade =
      "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n";
    const head = `GET /v1/ws HTTP/1.1\r\nHost: gateway\r\n${upgrade}X-Forwarded-For: 198.51.100.3\r\n\r\n`;
    const answer = await sendRaw({ port, from: PROXY }, head);
    expect(answer.status).toBe(403);
    expect(await server.events(answer.headers["x-request-id"] ?? null)).toMatchObject([
      { event: "network.address_refused", actor_id: "198.51.100.3", data: { proxy: PROXY } },
    ]);
  });

  it("a hop that is no address: 400, on record, nothing guessed", async () => {
    const answer = await get(PROXY, "X-Forwarded-For: unknown\r\n");
    expect([answer.status, answer.body]).toEqual([400, expect.stringContaining("X-Forwarded-For")]);
    const events = await server.events(answer.headers["x-request-id"] ?? null);
    expect(events).toMatchObject([{ event: "network.bad_request", reason: "forwarded_for_invalid" }]);
  });

  it("refuses before the body is sent and before the token is looked at", async () => {
    const head = `POST /api/v1/messages HTTP/1.1\r\nHost: gateway\r\nAuthorization: Bearer x\r\nContent-Length: 1000000\r\nX-Forwarded-For: 198.51.100.7\r\n\r\n`;
    const answer = await sendRaw({ port, from: PROXY }, head);
    expect(answer.status).toBe(403);
    expect((await server.events(answer.headers["x-request-id"] ?? null)).map(({ event }) => event)).toEqual([
      "network.address_refused",
    ]);
  });

  it("CVE-2026-35656 the gateway works with the address its proxy saw, and only a proxy's word counts", async () => {
    expect(await addressSeen(PROXY, `X-Forwarded-For: 1.1.1.1, ${ALLOWED}\r\n`)).toBe(ALLOWED);
    expect(await addressSeen("127.0.1.9", `X-Forwarded-For: ${ALLOWED}\r\n`)).toBe("127.0.1.9");
    expect(await addressSeen("127.0.0.1", "X-Forwarded-For: garbage\r\n")).toBe("127.0.0.1");
  });

  it.each([PROXY, "127.0.0.1"])("CVE-2026-53832 no header from %s says who somebody is", async (from) => {
    const headers = ["X-Forwarded-User", "X-Remote-User", "X-Auth-Request-User"]
      .map((name) => `${name}: admin\r\n`)
      .join("");
    expect(await addressSeen(from, `${headers}X-Forwarded-For: ${ALLOWED}\r\n`)).toBe(from === PROXY ? ALLOWED : from);
  });
});

describe("NET-4 a changed list", () => {
  it("takes effect at once: open connections that are no longer allowed are cut, directly and behind the proxy", async () => {
    const direct = await openSocket({ port, from: "127.0.1.7" });
    const proxied = await openSocket({ port, from: PROXY });
    const stays = await openSocket({ port, from: "127.0.0.1" });
    await Promise.all([ask(direct, "/healthz"), ask(stays, "/healthz")]);
    await ask(proxied, "/healthz", `X-Forwarded-For: ${ALLOWED}\r\n`);
    const cut = [direct, proxied].map((socket) => new Promise((resolve) => socket.once("close", resolve)));
    writeFileSync(server.home.configFile, CONFIG.replace('"127.0.1.0/24", "203.0.113.0/24"', '"192.0.2.1"'));
    await Promise.all(cut);
    expect((await ask(stays, "/healthz")).status).toBe(200);
    stays.destroy();
    await refusedFrom("127.0.1.7", "no_longer_allowed");
    await refusedFrom(ALLOWED, "no_longer_allowed");
    expect((await get("127.0.1.7")).status).toBe(0);
    expect((await get(PROXY, "X-Forwarded-For: 192.0.2.1\r\n")).status).toBe(200);
  });
});

describe("IPv6", () => {
  it("NET-4 listens, allows and refuses there too", async () => {
    const six = await startServer(`{ gateway: { bind: "::1", allowedIps: ["::2"], trustedProxies: [] } }`, {});
    try {
      const sixPort = Number(new URL(six.url).port);
      const request = "GET /healthz HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n";
      expect((await sendRaw({ port: sixPort, host: "::1" }, request)).status).toBe(0);
      writeFileSync(six.home.configFile, `{ gateway: { bind: "::1", allowedIps: ["::1"] } }`);
      for (;;) {
        if ((await sendRaw({ port: sixPort, host: "::1" }, request)).status === 200) {
          break;
        }
      }
    } finally {
      await six.stop();
    }
  });
});

describe("NET-2 the word that a proxy ends TLS", () => {
  const outside = Object.values(networkInterfaces())
    .flat()
    .find((card) => card?.family === "IPv4" && !card.internal)?.address;

  it.runIf(outside !== undefined)("is on record, and lets in the proxies and this machine only", async () => {
    const open = (proxies: string): string => `{ gateway: {
      bind: "0.0.0.0",
      token: "k3Zt9QwLx7VbN2mRf8Yc5HjP",
      tls: { terminatedByProxy: true },
      trustedProxies: [${proxies}],
      allowedOrigins: ["https://gate.example"],
    } }`;
    const behind = await startServer(open('"192.0.2.7"'));
    try {
      const target = { port: Number(new URL(behind.url).port), host: outside };
      const request = "GET /healthz HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n";
      expect(await behind.recorded("network.proxy_tls_override")).toMatchObject([{ data: { bind: "0.0.0.0" } }]);
      expect((await sendRaw(target, request)).status).toBe(0);
      const local = await sendRaw({ port: target.port }, request);
      expect(local.status).toBe(200);
      expect(local.headers["strict-transport-security"]).toMatch(/max-age/);
      writeFileSync(behind.home.configFile, open(`"${outside}"`));
      for (;;) {
        if ((await sendRaw(target, request)).status === 200) {
          break;
        }
      }
      expect((await behind.recorded("network.address_refused"))[0]).toMatchObject({ reason: "not_a_proxy" });
    } finally {
      await behind.stop();
    }
  });
});

it("NET-2 an address that others can reach is refused with the three keys and a fix, exit 6", () => {
  const home = server.home.home;
  for (const bind of ["0.0.0.0", "::", "192.168.1.5", "fe80::1"]) {
    const file = `${home}/open.json5`;
    writeFileSync(file, `{ gateway: { bind: "${bind}" } }`);
    const run = (): string =>
      execFileSync(process.execPath, ["supervisor/main.ts", "--only", "gateway"], {
        env: { ...process.env, OPENCLAW_HOME: `${home}/other`, OPENCLAW_CONFIG: file },
        encoding: "utf8",
        stdio: "pipe",
      });
    expect(run).toThrow(
      /gateway\.tls .*gateway\.token .*gateway\.allowedOrigins.*config set gateway\.bind 127\.0\.0\.1/s,
    );
    expect(run).toThrow(expect.objectContaining({ status: 6 }));
  }
});

/** Deadlines and the peer's pace: the server's parts in this process, so that the times can be short and what it reads be counted. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect as connectTcp } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { RECORDED } from "../../../tests/support/audit.ts";
import { createTestDatabase, type TestDatabase } from "../../../tests/support/database.ts";
import { connect, refusal } from "../../../tests/support/websocket.ts";
import { composeServer } from "#server/compose.ts";
import { ensureHome, homePaths } from "#server/core/paths.ts";
import { openWebSockets, type WebSockets } from "#server/gateway/ws/index.ts";
import type { WebSocketLimits } from "#server/gateway/ws/limits.ts";
import { openListener } from "#server/listen/index.ts";
import { submitRun } from "#server/sandbox/index.ts";
import type { AppServices } from "#server/services.ts";

const TOKEN = "kX9-vT2-configured-by-the-operator";
const home = homePaths(mkdtempSync(join(tmpdir(), "openclaw-websocket-")));
const before = { ...process.env };
let database: TestDatabase;
let owner: Client;
let services: AppServices;

beforeAll(async () => {
  database = await createTestDatabase();
  ensureHome(home);
  writeFileSync(home.configFile, `{ gateway: { token: "${TOKEN}" } }`, { mode: 0o600 });
  Object.assign(process.env, {
    OPENCLAW_HOME: home.home,
    OPENCLAW_PORT: "0",
    OPENCLAW_DATABASE_URL: database.appUrl,
    OPENCLAW_LOG_LEVEL: "error",
  });
  services = await composeServer();
  owner = new Client({ connectionString: database.ownerUrl });
  await owner.connect();
});
afterAll(async () => {
  await services.close();
  await owner.end();
  await database.drop();
  process.env = before;
  rmSync(home.home, { recursive: true, force: true });
});

/** Serves WebSockets with these limits while `use` runs. */
async function serving(
  limits: Partial<WebSocketLimits>,
  use: (url: string, webSockets: WebSockets) => Promise<void>,
  changed: Partial<AppServices> = {},
): Promise<void> {
  const own: AppServices = { ...services, ...changed };
  const webSockets = openWebSockets(own, limits);
  const listener = await openListener(own, {
    request: (_request, response) => void response.end(),
    upgrade: webSockets.upgrade,
  });
  try {
    await use(`http://127.0.0.1:${listener.port}`, webSockets);
  } finally {
    await Promise.all([listener.close(1_000), webSockets.close()]);
  }
}

async function reasons(event: string): Promise<(string | null)[]> {
  const { rows } = await owner.query<{ reason: string | null }>(
    `SELECT reason FROM ${RECORDED} AS record WHERE event = $1`,
    [event],
  );
  return rows.map(({ reason }) => reason);
}

const upgradeRequest = (authorization: string): string =>
  `GET /ws HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n${authorization}\r\n`;

it("GHSA-mfg5 who has not said who he is by the deadline is closed with 4408, on record; a slow drip of bytes does not help", async () => {
  await serving({ handshakeMs: 200 }, async (url) => {
    const silent = await connect(url);
    const dripping = connectTcp({ port: Number(new URL(url).port), host: "127.0.0.1" });
    dripping.on("error", () => undefined);
    const cut = new Promise((resolve) => dripping.once("close", resolve));
    dripping.resume();
    dripping.write(upgradeRequest(""));
    const drip = setInterval(() => dripping.write(Buffer.from([0x81])), 20);
    const { code } = await silent.closed;
    expect([code, silent.frames[0]?.error?.code]).toEqual([4408, "timeout"]);
    await cut;
    clearInterval(drip);
    expect(await reasons("auth.token_rejected")).toContain("handshake_timeout");
    // Who did say it in time stays.
    const known = await connect(url);
    known.send({ type: "auth", token: TOKEN });
    await known.take("ready");
    known.send({ type: "ping", id: "1" });
    await known.take("pong");
    known.ws.terminate();
  });
});

it("GHSA-mfg5 the total of unproven connections is capped over all addresses", async () => {
  await serving({ unproven: 3 }, async (url) => {
    const held = await Promise.all([1, 2, 3].map((host) => connect(url, { from: `127.0.5.${host}` })));
    const answer = await refusal(url, { from: "127.0.5.4" });
    expect([answer.status, answer.headers["retry-after"]]).toEqual([429, "10"]);
    expect(await reasons("limit.exceeded")).toContain("unproven");
    const known = await connect(url, { token: TOKEN, from: "127.0.5.4" });
    await known.take("ready");
    held[0]?.ws.close();
    await held[0]?.closed;
    const next = await connect(url, { from: "127.0.5.4" });
    [known, next, ...held].forEach(({ ws }) => ws.terminate());
  });
});

it("a peer that answers no ping is cut, on record; one that does stays", async () => {
  await serving({ pingMs: 150 }, async (url) => {
    const alive = await connect(url, { token: TOKEN });
    await alive.take("ready");
    const dead = connectTcp({ port: Number(new URL(url).port), host: "127.0.0.1" });
    dead.on("error", () => undefined);
    dead.resume();
    const cut = new Promise((resolve) => dead.once("close", resolve));
    dead.write(upgradeRequest(`authorization: Bearer ${TOKEN}\r\n`));
    await cut;
    await expect.poll(() => reasons("websocket.closed")).toContain("no_pong");
    alive.send({ type: "ping", id: "1" });
    await alive.take("pong");
    alive.ws.terminate();
  });
});

it("events of a run are read no faster than the peer takes them, and none is lost", async () => {
  const total = 600;
  const { runId } = await submitRun(
    services,
    {
      language: "sh",
      code: "true",
      principalId: "config:gateway.token",
      roleName: "admin",
      channel: "api",
      requestId: "req_1",
    },
    [],
  );
  await owner.query(
    `INSERT INTO run_event (run_id, seq, kind, data)
     SELECT $1, n, 'stdout', json_build_object('text', repeat('a', 60000)) FROM generate_series(2, $2::int) AS n`,
    [runId, total - 1],
  );
  await owner.query("UPDATE run SET state = 'succeeded', reason = 'exit' WHERE id = $1", [runId]);
  await owner.query("INSERT INTO run_event (run_id, seq, kind, data) VALUES ($1, $2, 'end', $3)", [
    runId,
    total,
    { state: "succeeded", reason: "exit", exitCode: 0, message: null },
  ]);
  let pulled = 0;
  const { runs } = services;
  const counting: Partial<AppServices> = {
    runs: {
      ...runs,
      async *follow(...asked) {
        for await (const event of runs.follow(...asked)) {
          pulled += 1;
          yield event;
        }
      },
    },
  };
  const use = async (url: string): Promise<void> => {
    const socket = await connect(url, { token: TOKEN });
    await socket.take("ready");
    socket.send({ type: "follow", id: "f", runId });
    await socket.take("event");
    socket.ws.pause();
    // It stands still once the kernel's buffers are full and 1 MiB waits in the process.
    let seen = -1;
    const standsStill = (): boolean => {
      const stands = pulled === seen;
      seen = pulled;
      return stands;
    };
    await expect.poll(standsStill, { interval: 300, timeout: 20_000 }).toBe(true);
    expect(pulled).toBeLessThan(total / 2);
    socket.ws.resume();
    await socket.take("done");
    const numbers = socket.frames.filter(({ type }) => type === "event").map(({ seq }) => seq);
    expect(numbers).toEqual(Array.from({ length: total }, (_, index) => index + 1));
    socket.ws.close();
  };
  await serving({}, use, counting);
});

it("at the end of the process a message under way is answered before the connection is closed, and no new one begins", async () => {
  const reached = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const { limiter } = services;
  const held: Partial<AppServices> = {
    limiter: {
      ...limiter,
      async take(rules) {
        reached.resolve();
        await gate.promise;
        return limiter.take(rules);
      },
    },
  };
  const use = async (url: string, webSockets: WebSockets): Promise<void> => {
    const socket = await connect(url, { token: TOKEN });
    await socket.take("ready");
    socket.send({ type: "message", id: "under way", text: "/help" });
    await reached.promise;
    const closing = webSockets.close();
    socket.send({ type: "message", id: "too late", text: "/help" });
    expect((await refusal(url, { token: TOKEN })).status).toBe(503);
    gate.resolve();
    expect(await socket.take("reply")).toMatchObject({ id: "under way" });
    expect((await socket.closed).code).toBe(1001);
    await closing;
    expect(socket.frames.some(({ id }) => id === "too late")).toBe(false);
    expect(await reasons("websocket.closed")).toContain("shutdown");
  };
  await serving({}, use, held);
});

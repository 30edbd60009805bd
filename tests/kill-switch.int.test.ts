/** OPS-3: locks and the red button on two real server processes, on every door, while streams and connections are open. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startFakeProvider, type FakeProvider } from "./support/fake-provider.ts";
import { announceEngine, startServer, type TestServer } from "./support/server.ts";
import { connect } from "./support/websocket.ts";
import { readPolicy } from "#server/access/index.ts";
import { SURFACES, type SurfaceName } from "#server/auth/surfaces.ts";
import { systemClock } from "#server/core/clock.ts";
import { createDb, type Db } from "#server/core/db/client.ts";
import { createPool } from "#server/core/db/pool.ts";
import { ALL_ROUTES } from "#server/gateway/routes.ts";
import {
  liftLock,
  resume,
  setLock,
  stopEverything,
  stopFileLock,
  writeStopFile,
  type LockDeps,
  type LockedBy,
} from "#server/incidents/index.ts";

const configWith = (provider: string): string => `{
  gateway: { maxConnectionsPerAddress: 10000 },
  security: { rateLimit: { enabled: false } },
  models: {
    providers: { fake: { type: "openai", baseUrl: "${provider}", apiKey: "k" } },
    access: { admin: ["fake/*"] },
    retries: { count: 0 },
  },
}`;
const MESSAGE = "Closed for an inspection. Ask Ada.";
const OPERATOR: LockedBy = { actor: { type: "operator", id: "cli" }, member: null };

let fake: FakeProvider;
let one: TestServer;
let two: TestServer;
let pool: ReturnType<typeof createPool>;
let db: Db;

beforeAll(async () => {
  fake = await startFakeProvider();
  one = await startServer(configWith(fake.baseUrl));
  two = await startServer(undefined, { sharing: one });
  await announceEngine(one);
  pool = createPool({ connectionString: one.database.appUrl, name: "test", max: 3 });
  db = createDb(pool);
}, 60_000);
afterAll(async () => {
  await db.$disconnect();
  await pool.end();
  await two.stop();
  await one.stop();
  await fake.close();
});
afterEach(async () => {
  await one.sql("UPDATE incident_lock SET ended_at = now(), ended_by = 'test' WHERE ended_at IS NULL");
  await everywhere(null, 200);
});

const deps = async (): Promise<LockDeps> => ({
  db,
  clock: systemClock,
  policy: await readPolicy(pool, { enabled: true, roles: undefined, users: undefined, channels: undefined }),
});
const lock = async (input: Parameters<typeof setLock>[2]) => setLock(await deps(), OPERATOR, input);

let witness: string | null = null;
/** A token that is only used to see that nothing holds any more. */
async function everywhere(token: string | null, status: number): Promise<void> {
  witness ??= (await one.token({ name: "witness", ownerId: "witness" })).token;
  const bearer = token ?? witness;
  for (const server of [one, two]) {
    await expect.poll(async () => (await whoami(server, bearer)).status, { timeout: 5_000 }).toBe(status);
  }
}

const whoami = (server: TestServer, token: string) =>
  fetch(`${server.url}/api/v1/whoami`, { headers: { authorization: `Bearer ${token}` } });

async function call(server: TestServer, token: string, body: object) {
  const answer = await fetch(`${server.url}/api/v1/messages`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return { status: answer.status, body: (await answer.json()) as { error?: { code: string; message: string } } };
}

interface Open {
  closed: Promise<number>;
}

/** A stream of a run's events. Resolves when its first event has come. */
async function follow(server: TestServer, token: string, runId: string): Promise<Open & { text: () => string }> {
  const answer = await fetch(`${server.url}/api/v1/runs/${runId}/events`, {
    headers: { authorization: `Bearer ${token}` },
  });
  expect(answer.status).toBe(200);
  const reader = answer.body?.getReader();
  if (reader === undefined) {
    throw new Error("no stream");
  }
  const first = await reader.read();
  let text = Buffer.from(first.value ?? []).toString();
  const closed = (async () => {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) {
        return performance.now();
      }
      text += Buffer.from(value).toString();
    }
  })();
  return { closed, text: () => text };
}

async function startRun(token: string, extra: object = {}): Promise<string> {
  const answer = await fetch(`${one.url}/api/v1/messages`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${token}`,
      "content-type": "application/json",
      prefer: "respond-async",
    },
    body: JSON.stringify({ text: "/run sh\nsleep 60", ...extra }),
  });
  const body = (await answer.json()) as { runId: string };
  expect(answer.status).toBe(202);
  return body.runId;
}

describe("OPS-3 each kind of lock refuses its own and nobody else, on both servers", () => {
  it.each<
    [
      string,
      () => Promise<{
        kind: "user" | "role" | "token" | "channel" | "member";
        target: string;
        locked: string;
        free: string;
      }>,
    ]
  >([
    [
      "token, through rotation",
      async () => {
        const a = await one.token({ name: "a", ownerId: "a" });
        const b = await one.token({ name: "b", ownerId: "b" });
        const rotated = await fetch(`${one.url}/api/v1/tokens/rotate`, {
          method: "POST",
          headers: { authorization: `Bearer ${a.token}`, "content-type": "application/json" },
          body: JSON.stringify({ graceSeconds: 60 }),
        });
        const { token } = (await rotated.json()) as { token: string };
        await everywhere(token, 200);
        return { kind: "token", target: a.id, locked: token, free: b.token };
      },
    ],
    [
      "role",
      async () => {
        const a = await one.token({ name: "c", ownerId: "c", role: "readonly" });
        const b = await one.token({ name: "d", ownerId: "d", role: "admin" });
        return { kind: "role", target: "readonly", locked: a.token, free: b.token };
      },
    ],
    [
      "user a token speaks for",
      async () => {
        const a = await one.token({ name: "e", ownerId: "e", userId: "uma" });
        const b = await one.token({ name: "f", ownerId: "f", userId: "uwe" });
        return { kind: "user", target: "uma", locked: a.token, free: b.token };
      },
    ],
    [
      "member who owns a token",
      async () => {
        await one.sql(
          `INSERT INTO member (id, email, name, role_name) VALUES ('mem_mo', 'mo@example.com', 'Mo', 'admin')`,
        );
        const a = await one.token({ name: "g", ownerId: "mem_mo" });
        const b = await one.token({ name: "h", ownerId: "h" });
        return { kind: "member", target: "MO@example.com", locked: a.token, free: b.token };
      },
    ],
  ])("%s", async (_, make) => {
    const { kind, target, locked, free } = await make();
    await everywhere(locked, 200);
    const set = await lock({ kind, target, message: MESSAGE, reason: "test" });
    await everywhere(locked, 423);
    for (const server of [one, two]) {
      const refused = await whoami(server, locked);
      const { error } = (await refused.json()) as { error: Record<string, unknown> };
      expect(error).toEqual({ code: "locked", message: MESSAGE, requestId: refused.headers.get("x-request-id") });
      expect(await one.events(refused.headers.get("x-request-id"))).toMatchObject([
        { event: "incident.refused", outcome: "denied", reason: kind, because: set.id },
      ]);
      expect((await whoami(server, free)).status).toBe(200);
    }
    await liftLock(await deps(), OPERATOR, { id: set.id });
    await everywhere(locked, 200);
  });

  it("channel: what is said there, whoever says it; the channel `api` is the whole door", async () => {
    const { token } = await one.token({ name: "i", ownerId: "i" });
    const set = await lock({ kind: "channel", target: "slack", message: MESSAGE, reason: "test" });
    await expect.poll(async () => (await call(two, token, { text: "/help", channel: "slack" })).status).toBe(423);
    expect((await call(two, token, { text: "/help", channel: "telegram" })).status).toBe(200);
    await liftLock(await deps(), OPERATOR, { id: set.id });
    await lock({ kind: "channel", target: "api", message: MESSAGE, reason: "test" });
    await everywhere(token, 423);
  });

  it("user: also where a bot's token names them", async () => {
    const { token } = await one.token({ name: "j", ownerId: "j" });
    await lock({ kind: "user", target: "ugo", message: MESSAGE, reason: "test" });
    await expect.poll(async () => (await call(one, token, { text: "/help", user: "ugo" })).status).toBe(423);
    expect((await call(one, token, { text: "/help", user: "ute" })).status).toBe(200);
  });
});

describe("OPS-3 no door forgets it", () => {
  let token: string;
  beforeAll(async () => {
    ({ token } = await one.token({ name: "doors", ownerId: "doors" }));
  });

  /** Every surface where somebody proves who they are says here how a locked one fares. The type is complete: a new door does not compile. */
  const DOORS: Record<SurfaceName, (() => Promise<void>) | "elsewhere" | "nobody is known there"> = {
    public: "nobody is known there",
    token: async () => {
      for (const { method, path } of ALL_ROUTES.filter(({ surface }) => surface === "token")) {
        const answer = await fetch(one.url + path.replaceAll(/:\w+/g, "xxxxxxxxxxxx"), {
          method,
          headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
          ...(method === "POST" ? { body: "{}" } : {}),
        });
        expect(answer.status, `${method} ${path}`).toBe(423);
        const text = await answer.text();
        expect(text, path).toContain(MESSAGE);
      }
    },
    token_exchange: async () => {
      for (const { method, path } of ALL_ROUTES.filter(({ surface }) => surface === "token_exchange")) {
        const answer = await fetch(one.url + path, {
          method,
          headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
          body: "{}",
        });
        expect(answer.status, `${method} ${path}`).toBe(423);
      }
    },
    websocket: async () => {
      const late = await connect(one.url);
      late.send({ type: "auth", token });
      expect((await late.take("error")).error).toMatchObject({ code: "locked", message: MESSAGE });
      expect((await late.closed).code).toBe(4423);
      await expect(connect(one.url, { token })).rejects.toThrow(/423/);
    },
    // server/channels/hook/locks.int.test.ts
    hook: "elsewhere",
    // server/auth/member-lock.int.test.ts
    sign_in: "elsewhere",
    session: "elsewhere",
  };

  it.each(Object.keys(SURFACES) as SurfaceName[])("%s", async (surface) => {
    const door = DOORS[surface];
    if (typeof door === "string") {
      expect(surface === "public").toBe(door === "nobody is known there");
      return;
    }
    await lock({
      kind: "token",
      target: (await one.sql<{ id: string }>("SELECT id FROM token WHERE name = 'doors'"))[0]?.id ?? "",
      message: MESSAGE,
      reason: "test",
    });
    await everywhere(token, 423);
    await door();
  });

  it("the API of models answers in the words of its SDKs", async () => {
    await stopEverything(await deps(), OPERATOR, { message: MESSAGE, reason: "test" });
    await everywhere(token, 423);
    const openai = await fetch(`${one.url}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}` },
      body: "{}",
    });
    expect(await openai.json()).toMatchObject({ error: { code: "locked", message: MESSAGE } });
    expect(openai.headers.get("x-should-retry")).toBe("false");
    const anthropic = await fetch(`${one.url}/v1/messages`, {
      method: "POST",
      headers: { "x-api-key": token, "anthropic-version": "2023-06-01" },
      body: "{}",
    });
    expect(await anthropic.json()).toMatchObject({ type: "error", error: { message: MESSAGE } });
  });
});

describe("OPS-3 what lasts is cut", () => {
  it("one token's streams and connections, on both servers; another's go on", async () => {
    const a = await one.token({ name: "k", ownerId: "k" });
    const b = await one.token({ name: "l", ownerId: "l" });
    await everywhere(b.token, 200);
    const run = await startRun(a.token);
    const other = await startRun(b.token);
    const cut = await Promise.all([one, two].map((server) => follow(server, a.token, run)));
    const kept = await follow(two, b.token, other);
    const socket = await connect(two.url, { token: a.token });
    await socket.take("ready");
    const keptSocket = await connect(one.url, { token: b.token });
    await keptSocket.take("ready");
    await lock({ kind: "token", target: a.id, message: MESSAGE, reason: "test" });
    await Promise.all(cut.map(({ closed }) => closed));
    expect(cut.map(({ text }) => text()).every((text) => text.includes(`"code":"locked","message":"${MESSAGE}"`))).toBe(
      true,
    );
    expect(await socket.closed).toMatchObject({ code: 4423 });
    let open = true;
    void kept.closed.then(() => (open = false));
    keptSocket.send({ type: "ping", id: "1" });
    await keptSocket.take("pong");
    expect(open).toBe(true);
    const [row] = await one.sql<{ by: string | null; other: string | null }>(
      `SELECT (SELECT cancel_requested_by FROM run WHERE id = $1) AS by, (SELECT cancel_requested_by FROM run WHERE id = $2) AS other`,
      [run, other],
    );
    expect(row?.by).toMatch(/^lock:lck_/);
    expect(row?.other).toBeNull();
    keptSocket.ws.terminate();
  });

  it("calls of models, streamed or not, with the lock's own words and their provider's work", async () => {
    const { id, token } = await one.token({ name: "models", ownerId: "models" });
    await everywhere(token, 200);
    const ask = async (stream: boolean) => {
      fake.script({ hang: !stream, hold: new Promise(() => undefined) });
      const before = fake.requests.length;
      const answer = fetch(`${one.url}/v1/chat/completions`, {
        method: "POST",
        headers: { authorization: `Bearer ${token}` },
        body: JSON.stringify({ model: "fake/small", stream, messages: [{ role: "user", content: "Hi" }] }),
      });
      await expect.poll(() => fake.requests.length).toBe(before + 1);
      return { answer, gone: fake.requests[before]?.gone };
    };
    const whole = await ask(false);
    const streamed = await ask(true);
    const begun = await streamed.answer;
    await lock({ kind: "token", target: id, message: MESSAGE, reason: "test" });
    const refused = await whole.answer;
    expect(refused.status).toBe(423);
    expect(await refused.json()).toMatchObject({ error: { code: "locked", message: MESSAGE } });
    expect(await begun.text()).toMatch(/"message":"Closed for an inspection[^}]*"code":"locked"/);
    await Promise.all([whole.gone, streamed.gone]);
    for (const { headers } of [refused, begun]) {
      const requestId = headers.get("x-request-id");
      await expect
        .poll(async () => (await one.events(requestId)).map(({ event, reason }) => [event, reason]))
        .toContainEqual(["model.called", "locked"]);
    }
  });

  it("a lock ends by its time, without anybody or a restart", async () => {
    const { token } = await one.token({ name: "m", ownerId: "m" });
    const { id } = await lock({ kind: "user", target: "m", reason: "test", expiresInMs: 1500 });
    await everywhere(token, 423);
    await everywhere(token, 200);
    await expect.poll(async () => (await one.recorded("incident.lock_expired")).length, { timeout: 10_000 }).toBe(1);
    expect(await one.sql("SELECT ended_by FROM incident_lock WHERE id = $1", [id])).toEqual([{ ended_by: "expired" }]);
  });

  it("a notification that is lost costs a second, not the lock", async () => {
    const { token } = await one.token({ name: "n", ownerId: "n" });
    await everywhere(token, 200);
    await one.sql("ALTER TABLE incident_lock DISABLE TRIGGER announce_lock");
    try {
      await lock({ kind: "user", target: "n", reason: "test" });
      const since = performance.now();
      await everywhere(token, 423);
      expect(performance.now() - since).toBeLessThan(4_000);
    } finally {
      await one.sql("ALTER TABLE incident_lock ENABLE TRIGGER announce_lock");
    }
  });

  it("a server that starts under a lock holds it from its first request", async () => {
    const { token } = await one.token({ name: "o", ownerId: "o" });
    await stopEverything(await deps(), OPERATOR, { message: MESSAGE, reason: "test" });
    const three = await startServer(undefined, { sharing: one });
    try {
      expect((await whoami(three, token)).status).toBe(423);
    } finally {
      await three.stop();
    }
  });

  it("a stop by file holds without anybody asking the database, and becomes one that is stored and on record", async () => {
    const { token } = await one.token({ name: "r", ownerId: "r" });
    await everywhere(token, 200);
    writeStopFile(one.home, { message: MESSAGE, reason: "no database" }, new Date());
    await everywhere(token, 423);
    await expect.poll(() => stopFileLock(one.home), { timeout: 5_000 }).toBeNull();
    expect(
      await one.sql("SELECT reason, set_by FROM incident_lock WHERE kind = 'everything' AND ended_at IS NULL"),
    ).toEqual([{ reason: "no database", set_by: "operator:cli" }]);
    await resume(await deps(), OPERATOR, { reason: "over" });
    await everywhere(token, 200);
  });

  it("a drill records what would be cut and cuts nothing", async () => {
    const { token } = await one.token({ name: "p", ownerId: "p" });
    const run = await startRun(token);
    const stream = await follow(one, token, run);
    let open = true;
    void stream.closed.then(() => (open = false));
    const { id, stored } = await stopEverything(await deps(), OPERATOR, { drill: true, reason: "test" });
    expect(stored["runs"]).toBeGreaterThan(0);
    await expect
      .poll(async () => (await one.sql("SELECT instance FROM incident_cut WHERE lock_id = $1", [id])).length)
      .toBe(2);
    const rows = await one.sql<{ counts: { streams?: number }; after_ms: number }>(
      "SELECT counts, after_ms FROM incident_cut WHERE lock_id = $1 ORDER BY counts::text DESC",
      [id],
    );
    expect(rows.reduce((sum, { counts }) => sum + (counts.streams ?? 0), 0)).toBeGreaterThan(0);
    expect((await whoami(one, token)).status).toBe(200);
    expect(open).toBe(true);
    expect(await one.sql("SELECT cancel_requested_at FROM run WHERE id = $1", [run])).toEqual([
      { cancel_requested_at: null },
    ]);
    expect((await one.recorded("incident.drill")).at(-1)).toMatchObject({ outcome: "ok" });
  });
});

describe("OPS-3 the red button", () => {
  it("200 open streams on two servers and 20 runs: cut within a second of the commit, on record, and reversible", async () => {
    const { token } = await one.token({ name: "q", ownerId: "q" });
    await everywhere(token, 200);
    const runs: string[] = [];
    for (let n = 0; n < 20; n += 1) {
      runs.push(await startRun(token));
    }
    const streams: Open[] = [];
    for (let n = 0; n < 160; n += 1) {
      streams.push(await follow(n % 2 === 0 ? one : two, token, runs[n % 20] ?? ""));
    }
    for (let n = 0; n < 40; n += 1) {
      const { token: own } = await one.token({ name: `q${n}`, ownerId: `q${n}` });
      const server = n % 2 === 0 ? one : two;
      await everywhere(own, 200);
      const socket = await connect(server.url, { token: own });
      await socket.take("ready");
      streams.push({ closed: socket.closed.then(() => performance.now()) });
    }
    const before = (await one.recorded("run.cancel_requested")).length;
    await stopEverything(await deps(), OPERATOR, { message: MESSAGE, reason: "test" });
    const committed = performance.now();
    const ends = await Promise.all(streams.map(({ closed }) => closed));
    const slowest = Math.max(...ends) - committed;
    process.stdout.write(`kill switch: 200 streams on 2 servers closed ${slowest.toFixed(0)} ms after the commit\n`);
    expect(slowest).toBeLessThan(3_000);
    const asked = await one.sql<{ n: number }>(
      "SELECT count(*)::int AS n FROM run WHERE id = ANY($1) AND cancel_requested_by LIKE 'lock:%'",
      [runs],
    );
    expect(asked).toEqual([{ n: 20 }]);
    expect((await one.recorded("run.cancel_requested")).length - before).toBeGreaterThanOrEqual(20);
    const stopped = (await one.recorded("incident.everything_stopped")).at(-1);
    expect(stopped?.data["runs"]).toBeGreaterThanOrEqual(20);
    await everywhere(token, 423);
    // Twice is once.
    expect(await stopEverything(await deps(), OPERATOR, { reason: "again" })).toMatchObject({ already: true });
    expect(await resume(await deps(), OPERATOR, { reason: "over" })).toBe(1);
    await everywhere(token, 200);
    expect((await one.recorded("incident.everything_resumed")).at(-1)).toMatchObject({ outcome: "ok" });
    const cuts = await one.sql<{ counts: { streams?: number; webSockets?: number } }>(
      "SELECT counts FROM incident_cut JOIN incident_lock ON id = lock_id WHERE kind = 'everything' AND NOT drill ORDER BY at DESC LIMIT 2",
    );
    expect(
      cuts.reduce((sum, { counts }) => sum + (counts.streams ?? 0) + (counts.webSockets ?? 0), 0),
    ).toBeGreaterThanOrEqual(200);
  }, 120_000);

  it.each<[string, Parameters<typeof setLock>[2], RegExp]>([
    ["an empty reason", { kind: "user", target: "x", reason: " " }, /reason: must not be empty/],
    ["a message of two lines", { kind: "user", target: "x", reason: "r", message: "a\nb" }, /message: one line/],
    [
      "a second that is too short",
      { kind: "user", target: "x", reason: "r", expiresInMs: 1 },
      /expiresInMs: at least one second/,
    ],
    ["a role that is not there", { kind: "role", target: "nobody", reason: "r" }, /target: There is no role "nobody"/],
    ["a token that is not there", { kind: "token", target: "none", reason: "r" }, /target: There is no token "none"/],
    [
      "a member that is not there",
      { kind: "member", target: "none", reason: "r" },
      /target: There is no member "none"/,
    ],
    ["a channel that cannot be", { kind: "channel", target: "A B", reason: "r" }, /target: /],
    [
      "an incident that is not there",
      { kind: "user", target: "x", reason: "r", incidentId: "inc_none" },
      /incidentId: /,
    ],
  ])("bad input: %s", async (_, input, message) => {
    await expect(lock(input)).rejects.toThrow(message);
  });

  it("what is locked already is said so", async () => {
    const { id } = await lock({ kind: "user", target: "twice", reason: "r" });
    await expect(lock({ kind: "user", target: "twice", reason: "r" })).rejects.toThrow(
      new RegExp(`locked already \\(${id}\\)`),
    );
    await liftLock(await deps(), OPERATOR, { id });
    await expect(liftLock(await deps(), OPERATOR, { id })).rejects.toThrow(/has ended already/);
    await expect(liftLock(await deps(), OPERATOR, { id: "lck_none" })).rejects.toThrow(/no lock with this id/);
  });
});

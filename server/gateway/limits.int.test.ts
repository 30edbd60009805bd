/** Limits as a caller meets them: over HTTP, at one server and at two that share a Redis. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startRedis, type TestRedis } from "../../tests/support/redis.ts";
import { startServer, type TestServer } from "../../tests/support/server.ts";

const CONFIG_TOKEN = "kX9-vT2-configured-by-the-operator";
const WIDE = "{ windowMs: 900000, maxRequests: 100000 }";
const everything = '{ permissions: ["*"], channels: ["*"], commands: ["*"] }';
const config = (rateLimit: string): string => `{
  gateway: { token: "${CONFIG_TOKEN}" },
  security: {
    authorization: {
      roles: { admin: ${everything}, "助手": ${everything} },
      users: {
        carl: { role: "admin", restrictions: { maxMessages: 4, timeWindow: "1h" } },
        rosa: { role: "助手" },
      },
    },
    rateLimit: { ${rateLimit} },
  },
}`;

interface Answer {
  status: number;
  headers: Headers;
  error?: { code: string; message: string; details?: { rule?: string; exceeded?: object[] } };
}

async function say(server: TestServer, text: string, body: object = {}, token = CONFIG_TOKEN): Promise<Answer> {
  const response = await fetch(`${server.url}/api/v1/messages`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ text, ...body }),
  });
  const { error } = (await response.json()) as Pick<Answer, "error">;
  return { status: response.status, headers: response.headers, ...(error && { error }) };
}

/** Statuses of messages sent one after the other. */
async function statuses(server: TestServer, count: number, text: string, body: object = {}): Promise<number[]> {
  const all: number[] = [];
  for (let message = 0; message < count; message += 1) {
    all.push((await say(server, text, body)).status);
  }
  return all;
}

const times = (count: number, status: number): number[] => Array.from({ length: count }, () => status);
const howMany = (answers: Answer[], wanted: number): number => answers.filter(({ status }) => status === wanted).length;

describe("one server", () => {
  let server: TestServer;
  beforeAll(async () => {
    const max = (maxRequests: number, more = ""): string =>
      `{ windowMs: 900000, maxRequests: ${maxRequests}, ${more} }`;
    const rules = `global: ${WIDE}, perUser: ${WIDE}, perChannel: ${max(60)},
      roleLimits: { "助手": ${max(3)} },
      commandLimits: {
        status: ${max(50)}, help: ${max(2, "skipSuccessfulRequests: true")}, run: ${max(2, "skipFailedRequests: true")},
        counted: ${max(2)}, forgiven: ${max(2, "skipFailedRequests: true")}, failures: ${max(2, "skipSuccessfulRequests: true")},
      }`;
    server = await startServer(config(rules));
  });
  afterAll(() => server.stop());

  it("RATE-5 a message that fails after it was counted tells where the limits stand, too", async () => {
    const { status, headers } = await say(server, "/no-such-command", { channel: "failing" });
    expect(status).toBe(404);
    expect(headers.get("ratelimit-policy")).toContain('"security.rateLimit.perChannel";q=60;w=900');
    expect(headers.get("ratelimit")).toMatch(/;r=\d+/);
  });

  it("RATE-3 a channel's limit counts all its users together, and no other channel's", async () => {
    const users = Array.from({ length: 61 }, (_, index) => ({ channel: "first", user: `user${index}` }));
    const answers = await Promise.all(users.map((body) => say(server, "/help", body)));
    expect([howMany(answers, 200), howMany(answers, 429)]).toEqual([60, 1]);
    const refused = answers.find(({ status }) => status === 429);
    expect(refused?.error?.details).toMatchObject({ rule: "security.rateLimit.perChannel" });
    expect((await say(server, "/help", { channel: "second", user: "user1" })).status).toBe(200);
  });

  it("RATE-4 a role's limit holds each user of the role, under any name the role has", async () => {
    const rosa = { channel: "role", user: "rosa" };
    expect(await statuses(server, 4, "/help", rosa)).toEqual([200, 200, 200, 429]);
    const refused = await say(server, "/help", rosa);
    expect(refused.error?.details?.rule).toBe("security.rateLimit.roleLimits.助手");
    expect(refused.headers.get("ratelimit")).toMatch(
      /^"security\.rateLimit\.roleLimits\.%E5%8A%A9%E6%89%8B";r=0;t=\d+$/,
    );
    expect(await server.events(refused.headers.get("x-request-id"))).toMatchObject([
      { event: "limit.exceeded", because: "security.rateLimit.roleLimits.助手" },
    ]);
    expect((await say(server, "/help", { channel: "role", user: "someone" })).status).toBe(200);
  });

  it("RATE-5 200 calls at once: a command's limit is counted before any work, and admits exactly its budget", async () => {
    const body = { channel: "burst", user: "ana" };
    const answers = await Promise.all(Array.from({ length: 200 }, () => say(server, "/status", body)));
    expect([howMany(answers, 200), howMany(answers, 429)]).toEqual([50, 150]);
    expect((await say(server, "/help", body)).status).toBe(200);
    expect((await say(server, "/status", { ...body, user: "bob" })).status).toBe(200);
  });

  it("RATE-2 the answer lists every rule, and says how far the tightest one is", async () => {
    const { headers } = await say(server, "/help", { channel: "headers", user: "eve" });
    expect(headers.get("ratelimit")).toBe('"security.rateLimit.commandLimits.help";r=1');
    expect(headers.get("ratelimit-policy")).toBe(
      '"security.rateLimit.global";q=100000;w=900, "security.rateLimit.perUser";q=100000;w=900, ' +
        '"security.rateLimit.perChannel";q=60;w=900, "security.rateLimit.commandLimits.help";q=2;w=900',
    );
  });

  it("AUTHZ-2 a user's restriction is one count over all channels and tokens", async () => {
    const { token } = await server.token({ name: "second bot", ownerId: "second" });
    const all = [
      await say(server, "/help", { channel: "one", user: "carl" }),
      await say(server, "/help", { channel: "two", user: "carl" }),
      await say(server, "/help", { channel: "one", user: "carl" }, token),
      await say(server, "/help", { channel: "three", user: "carl" }, token),
      await say(server, "/help", { channel: "four", user: "carl" }, token),
      await say(server, "/help", { channel: "five", user: "carl" }),
    ];
    expect(all.map(({ status }) => status)).toEqual([...times(4, 200), 429, 429]);
    expect(all[5]?.error?.details?.rule).toBe("security.authorization.users.carl.restrictions");
  });

  it("RATE-2 of several limits that are reached, the answer is about the longest and details name them all", async () => {
    const carl = { channel: "both", user: "carl" };
    expect((await say(server, "/help", carl)).error?.details?.exceeded).toHaveLength(1);
    await statuses(server, 60, "/help", { channel: "both", user: "ana" });
    const both = await say(server, "/help", carl);
    expect(both.error?.details?.rule).toBe("security.authorization.users.carl.restrictions");
    expect(both.error?.details?.exceeded).toMatchObject([
      { rule: "security.rateLimit.perChannel" },
      { rule: "security.authorization.users.carl.restrictions" },
    ]);
  });

  it("RATE-5 successes are given back where they do not count, also when there are many", async () => {
    expect(await statuses(server, 10, "/help", { channel: "refunds", user: "dora" })).toEqual(times(10, 200));
  });

  it("RATE-5 a command that does not exist counts as a failure, and is given back only where failures do not count", async () => {
    const body = { channel: "unknown", user: "dora" };
    expect(await statuses(server, 4, "/counted", body)).toEqual([404, 404, 429, 429]);
    expect(await statuses(server, 4, "/failures", body)).toEqual([404, 404, 429, 429]);
    expect(await statuses(server, 6, "/forgiven", body)).toEqual(times(6, 404));
  });

  it("RATE-5 a run that fails is given back where failures do not count; one that succeeds is not", async () => {
    const worker = fork("sandbox-worker/main.ts", [], {
      env: {
        ...process.env,
        OPENCLAW_HOME: server.home.home,
        OPENCLAW_DATABASE_URL: server.database.workerUrl,
        OPENCLAW_LOG_LEVEL: "error",
      },
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    try {
      const ready = "SELECT id FROM worker_node WHERE engine->>'reachable' = 'true'";
      await expect.poll(() => server.sql(ready), { timeout: 30_000 }).toHaveLength(1);
      const body = { channel: "runs", user: "ana" };
      expect(await statuses(server, 3, "/run sh\nexit 3", body)).toEqual(times(3, 200));
      const runs = await server.sql<{ state: string }>("SELECT state FROM run");
      expect(runs.map(({ state }) => state)).toEqual(["failed", "failed", "failed"]);
      expect(await statuses(server, 3, "/run sh\necho done", body)).toEqual([200, 200, 429]);
    } finally {
      const ended = once(worker, "exit");
      worker.kill("SIGTERM");
      await ended;
    }
  });
});

describe("RATE-6 two servers with one Redis", () => {
  let redis: TestRedis;
  let servers: [TestServer, TestServer];
  beforeAll(async () => {
    redis = await startRedis({ password: "s3cret-of-the-store" });
    const env = { REDIS_URL: redis.url };
    const rules = `global: { windowMs: 900000, maxRequests: 100 }, perUser: ${WIDE}, perChannel: ${WIDE}`;
    const first = await startServer(config(rules), { env });
    servers = [first, await startServer(undefined, { env, sharing: first })];
  });
  afterAll(async () => {
    await servers[1].stop();
    await servers[0].stop();
    await redis.stop();
  });

  it("RATE-1 400 requests at once at both admit the budget of 100 and not one more; the rest learn when to come back", async () => {
    const answers = await Promise.all(
      Array.from({ length: 400 }, (_, index) =>
        say(servers[index % 2 === 0 ? 0 : 1], "/help", { user: `user${index % 7}` }),
      ),
    );
    expect([howMany(answers, 200), howMany(answers, 429)]).toEqual([100, 300]);
    for (const { status, headers, error } of answers) {
      expect(headers.get("ratelimit-policy")).toContain('"security.rateLimit.global";q=100;w=900');
      if (status === 429) {
        expect(error?.details?.rule).toBe("security.rateLimit.global");
        expect(Number(headers.get("retry-after"))).toBeGreaterThan(800);
        expect(headers.get("ratelimit")).toMatch(/^"security\.rateLimit\.global";r=0;t=\d+$/);
      }
    }
    const refused = await servers[0].recorded("limit.exceeded");
    expect(refused.reduce((sum, { data }) => sum + Number(data["count"]), 0)).toBe(300);
  });

  it("Redis lost: 503 with Retry-After, on record, at both; they serve again by themselves once it is back", async () => {
    await redis.kill();
    for (const server of servers) {
      const refused = await say(server, "/help", { user: "ana" });
      expect([refused.status, refused.error?.code]).toEqual([503, "store_unavailable"]);
      expect(refused.headers.get("retry-after")).toBe("1");
      expect(await server.events(refused.headers.get("x-request-id"))).toMatchObject([
        { event: "message.refused", outcome: "denied", reason: "store_unavailable" },
      ]);
    }
    await expect.poll(() => servers[0].recorded("limit.store_lost")).toHaveLength(2);
    await redis.start();
    for (const server of servers) {
      await expect.poll(async () => (await say(server, "/help")).status, { timeout: 10_000 }).toBe(200);
    }
    const record = JSON.stringify([
      await servers[0].recorded("limit.store_lost"),
      await servers[0].recorded("limit.store_restored"),
    ]);
    expect(record).not.toContain("s3cret");
  });

  it("a server whose Redis cannot be reached does not start", async () => {
    const gone = await startRedis();
    await gone.stop();
    await expect(startServer(undefined, { env: { REDIS_URL: gone.url }, sharing: servers[0] })).rejects.toThrow(
      /ended with code 1/,
    );
  });
});

import { connect } from "node:net";
import { Agent, fetch, type RequestInit } from "undici";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startServer, type TestServer } from "../../tests/support/server.ts";

let server: TestServer;
let admin: string;

beforeAll(async () => {
  server = await startServer();
  ({ token: admin } = await server.token({ name: "admin", ownerId: "ops" }));
});
afterAll(() => server.stop());

interface Sent {
  status: number;
  headers: { get(name: string): string | null };
  body: {
    error?: { code: string; message: string; details?: Record<string, unknown>; requestId: string };
    reply?: { text: string };
    decision?: Record<string, string>;
    [key: string]: unknown;
  };
}

let host = 1;

/** Each call comes from a loopback address of its own, so that the failures of one test do not lock out the next. */
function ownAddress(): string {
  host += 1;
  return `127.0.${host >> 8}.${host & 255}`;
}

async function send(
  path: string,
  init: { method?: string; body?: string | Buffer; token?: string | null; type?: string } = {},
): Promise<Sent> {
  const { token = admin, type = "application/json", method = "GET", body } = init;
  const headers: Record<string, string> = {
    "content-type": type,
    ...(token === null ? {} : { authorization: `Bearer ${token}` }),
  };
  const dispatcher = new Agent({ localAddress: ownAddress() });
  const response = await fetch(server.url + path, {
    method,
    headers,
    dispatcher,
    body: body ?? null,
  } satisfies RequestInit);
  return { status: response.status, headers: response.headers, body: (await response.json()) as Sent["body"] };
}

const message = (text: string, more: object = {}, token?: string | null): Promise<Sent> =>
  send("/api/v1/messages", { method: "POST", body: JSON.stringify({ channel: "api", text, ...more }), token });

const eventsOf = (sent: Sent) => server.events(sent.headers.get("x-request-id"));

describe("POST /api/v1/messages", () => {
  it("answers a command and has the message and its reply on record by then", async () => {
    const sent = await message("/help", { user: "user123" });
    expect(sent.status).toBe(200);
    expect(sent.body.reply?.text).toContain("/run");
    expect(sent.body.decision).toEqual({ code: "allowed", because: 'role "admin".commands', role: "admin" });
    expect((await eventsOf(sent)).map(({ event, outcome, user_id }) => [event, outcome, user_id])).toEqual([
      ["message.received", "ok", "user123"],
      ["message.replied", "ok", "user123"],
    ]);
  });

  it("AUTH-9 without a token: 401, the same body for missing, invented and mistyped ones, each on record", async () => {
    const invented = admin.replace(/^ocg_.{12}/, "ocg_zzzzzzzzzzzz");
    const answers = await Promise.all([
      message("/help", {}, null),
      message("/help", {}, invented),
      message("/help", {}, `${admin.slice(0, -1)}!`),
    ]);
    for (const sent of answers) {
      expect(sent.status).toBe(401);
      expect(sent.headers.get("www-authenticate")).toBe('Bearer realm="openclaw"');
      expect(sent.body.error?.message).toBe(answers[0].body.error?.message);
      expect((await eventsOf(sent)).map(({ event, outcome }) => [event, outcome])).toEqual([
        ["auth.token_rejected", "denied"],
      ]);
    }
  });

  it("AUTHZ-1 AUTHZ-5 wrong role: 403 with reason code and the rule that decided, on record", async () => {
    const { token } = await server.token({ name: "reader", role: "readonly", ownerId: "reader" });
    const sent = await message("/run python\nprint(1)", {}, token);
    expect(sent.status).toBe(403);
    expect(sent.body.error?.details).toEqual({ reason: "command_not_in_role", because: 'role "readonly".commands' });
    expect(await eventsOf(sent)).toMatchObject([
      { event: "access.denied", outcome: "denied", reason: "command_not_in_role", because: 'role "readonly".commands' },
    ]);
  });

  it("an unknown command: 404 with the way on, on record", async () => {
    const sent = await message("/frobnicate now");
    expect(sent.status).toBe(404);
    expect(sent.body.error).toMatchObject({
      code: "unknown_command",
      message: expect.stringContaining("/help") as string,
    });
    expect(await eventsOf(sent)).toMatchObject([{ event: "message.refused", reason: "unknown_command" }]);
  });

  it("ask without a model says which key of which file to set", async () => {
    const sent = await message("what is the weather?");
    expect(sent.status).toBe(503);
    expect(sent.body.error?.message).toContain("security.apiKeys");
    expect(sent.body.error?.message).toContain(server.home.configFile);
  });

  it("SBX-1 #57267 run without an engine: 503, nothing queued, on record", async () => {
    const sent = await message("/run python\nprint(6*7)");
    expect(sent.status).toBe(503);
    expect(sent.body.error?.code).toBe("engine_unavailable");
    expect(await server.sql("SELECT id FROM run")).toEqual([]);
    expect(await eventsOf(sent)).toMatchObject([{ event: "message.refused", reason: "engine_unavailable" }]);
  });

  it.each<[string, string, number, RegExp]>([
    ["malformed JSON", '{"text": ', 400, /not valid JSON/],
    ["an empty body", "", 400, /empty/],
    ["an array", "[]", 400, /expected object/i],
    ["an unknown field", '{"text":"/help","txet":1}', 400, /txet/],
    ["a wrong type", '{"text":7}', 400, /^text: /],
    ["a blank text", '{"text":"  "}', 400, /blank/],
    ["a NUL character", '{"text":"/help \\u0000"}', 400, /NUL/],
    ["a broken surrogate", '{"text":"/help \\ud800"}', 400, /surrogate/],
    ["a display name as user", '{"text":"/help","user":"Ana Example"}', 400, /^user: /],
    ["prototype pollution", '{"text":"/help","__proto__":{"role":"admin"}}', 400, /__proto__/],
    ["deep nesting", `{"text":${"[".repeat(50_000)}${"]".repeat(50_000)}}`, 400, /^text: /],
  ])("%s: a clear error and an event", async (_name, body, status, says) => {
    const sent = await send("/api/v1/messages", { method: "POST", body });
    expect(sent.status).toBe(status);
    expect(sent.body.error?.message).toMatch(says);
    expect(await eventsOf(sent)).toMatchObject([{ event: "message.refused", outcome: "denied" }]);
  });

  it("invalid UTF-8 and a wrong content type are refused", async () => {
    const bytes = await send("/api/v1/messages", { method: "POST", body: Buffer.from([0x7b, 0xff, 0x7d]) });
    expect([bytes.status, bytes.body.error?.message]).toEqual([400, "The body is not valid UTF-8."]);
    const form = await send("/api/v1/messages", {
      method: "POST",
      body: "text=/help",
      type: "application/x-www-form-urlencoded",
    });
    expect(form.status).toBe(415);
  });

  it("an error never repeats the text that was sent", async () => {
    const sent = await send("/api/v1/messages", { method: "POST", body: '{"text": sk-canary-1234567890' });
    expect(JSON.stringify(sent.body)).not.toContain("canary");
    expect(JSON.stringify(await eventsOf(sent))).not.toContain("canary");
  });
});

/** Sends a head and then a payload piece by piece; returns the answer and how many bytes of the payload left this process. */
async function raw(head: string, payload: Iterable<Buffer>): Promise<{ answer: string; taken: number }> {
  const { hostname, port } = new URL(server.url);
  const socket = connect({ port: Number(port), host: hostname, localAddress: ownAddress() });
  const closed = new Promise<void>((resolve) => socket.on("close", () => resolve()));
  let answer = "";
  let taken = 0;
  socket.on("data", (chunk) => (answer += chunk.toString("latin1")));
  socket.on("error", () => undefined);
  socket.write(head);
  for (const piece of payload) {
    const failed = await Promise.race([
      new Promise<boolean>((resolve) => socket.write(piece, (error) => resolve(error instanceof Error))),
      closed.then(() => true),
    ]);
    if (failed) {
      break;
    }
    taken += piece.length;
  }
  socket.end();
  await closed;
  return { answer, taken };
}

const MEGABYTE = 1024 * 1024;
const pieces = (count: number): Buffer[] => Array<Buffer>(count).fill(Buffer.alloc(65_536, "a"));

describe("bodies", () => {
  const size = 64 * MEGABYTE;
  const head = (path: string, token: string) =>
    `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nauthorization: Bearer ${token}\r\ncontent-length: ${size}\r\n\r\n`;
  /** What the kernel buffers between two sockets leaves the client although nobody reads it. */
  const KERNEL_BUFFERS = 12 * MEGABYTE;

  it.each(["/api/v1/messages", "/api/v1/runs"])(
    "CVE-2026-32980 %s: a huge body is refused with 413 before it is read",
    async (path) => {
      const { answer, taken } = await raw(head(path, admin), pieces(1024));
      expect(answer).toMatch(/^HTTP\/1.1 413 /);
      expect(taken).toBeLessThan(KERNEL_BUFFERS);
    },
  );

  it.each(["/api/v1/messages", "/api/v1/runs"])(
    "CVE-2026-32980 %s: a bad token is answered 401 while its body is on the way",
    async (path) => {
      const { answer, taken } = await raw(head(path, "wrong"), pieces(1024));
      expect(answer).toMatch(/^HTTP\/1.1 401 /);
      expect(taken).toBeLessThan(KERNEL_BUFFERS);
    },
  );

  it("a chunked body past the limit is cut off with 413", async () => {
    const chunk = Buffer.from(`10000\r\n${"a".repeat(65_536)}\r\n`);
    const { answer } = await raw(
      `POST /api/v1/messages HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nauthorization: Bearer ${admin}\r\ntransfer-encoding: chunked\r\n\r\n`,
      Array<Buffer>(64).fill(chunk),
    );
    expect(answer).toMatch(/^HTTP\/1.1 413 /);
  });
});

describe("the rest of the API", () => {
  it("whoami tells a token what it may do", async () => {
    const { token } = await server.token({
      name: "chat",
      role: "user",
      scopes: ["read"],
      userId: "ana",
      ownerId: "ana",
    });
    const sent = await send("/api/v1/whoami", { token });
    expect(sent.body).toMatchObject({
      name: "chat",
      role: "user",
      permissions: ["read", "write"],
      scopes: ["read"],
      user: "ana",
    });
  });

  it("runs of others do not exist for a token without runs:read_all", async () => {
    const { token } = await server.token({ name: "chat", role: "user", ownerId: "bob" });
    const sent = await send("/api/v1/runs/run_00000000000000000000", { token });
    expect(sent.status).toBe(404);
    const list = await send("/api/v1/runs", { token });
    expect(list.body).toEqual({ runs: [], nextCursor: null });
  });

  it.each(["%00", "%ff", "..%2f..%2fetc", "a".repeat(5_000), "%22%3E", "run_%F0%9F%92%A9"])(
    "the strange id %s names nothing, on every route",
    async (id) => {
      for (const [method, path] of [
        ["GET", `/api/v1/runs/${id}`],
        ["GET", `/api/v1/runs/${id}/events`],
        ["DELETE", `/api/v1/runs/${id}`],
        ["DELETE", `/api/v1/tokens/${id}`],
      ] as const) {
        const sent = await send(path, { method });
        expect([path.slice(0, 40), sent.status]).toEqual([path.slice(0, 40), sent.status === 400 ? 400 : 404]);
      }
    },
  );

  it("NET-7 health tells a stranger ok and nothing else", async () => {
    for (const path of ["/healthz", "/readyz", "/startupz"]) {
      const sent = await send(path, { token: null });
      expect([sent.status, sent.body]).toEqual([200, { status: "ok" }]);
    }
  });

  it("describes itself as OpenAPI 3.1", async () => {
    const { body } = await send("/openapi.json", { token: null });
    expect(body["openapi"]).toBe("3.1.0");
    expect(Object.keys(body["paths"] as object)).toEqual(
      expect.arrayContaining([
        "/api/v1/messages",
        "/api/v1/runs",
        "/api/v1/runs/{id}",
        "/api/v1/runs/{id}/events",
        "/api/v1/whoami",
        "/healthz",
      ]),
    );
  });

  it("unknown addresses and methods are answered in the one error shape", async () => {
    expect((await send("/api/v1/nothing")).body.error?.code).toBe("not_found");
    expect((await send("/api/v1/messages", { method: "PUT", body: "{}" })).body.error?.code).toBe("method_not_allowed");
  });

  it("AUTH-1 AUTH-2 a revoked token is refused at once, without a restart", async () => {
    const { id, token } = await server.token({ name: "short", ownerId: "short" });
    expect((await send("/api/v1/whoami", { token })).status).toBe(200);
    await server.sql("UPDATE token SET revoked_at = now() WHERE id = $1", [id]);
    await expect.poll(async () => (await send("/api/v1/whoami", { token })).status, { timeout: 1_000 }).toBe(401);
  });

  it("AUTH-1 an allowed address list is enforced, an expired token refused", async () => {
    const elsewhere = await server.token({ name: "elsewhere", allowedIps: ["10.0.0.0/8"], ownerId: "net" });
    expect((await send("/api/v1/whoami", { token: elsewhere.token })).status).toBe(401);
    const here = await server.token({ name: "here", allowedIps: ["127.0.0.0/8"], ownerId: "net" });
    await expect.poll(async () => (await send("/api/v1/whoami", { token: here.token })).status).toBe(200);
    const old = await server.token({ name: "old", ownerId: "net" });
    await server.sql("UPDATE token SET expires_at = now() - interval '1 second' WHERE id = $1", [old.id]);
    await expect.poll(async () => (await send("/api/v1/whoami", { token: old.token })).status).toBe(401);
  });

  it("AUTH-1 the database holds no token that would open anything", async () => {
    const rows = await server.sql<{ dump: string }>("SELECT token::text AS dump FROM token");
    const secrets = [admin.slice(17, 60)];
    expect(rows.length).toBeGreaterThan(3);
    expect(rows.some(({ dump }) => secrets.some((secret) => dump.includes(secret)))).toBe(false);
  });
});

/** A live connection from inside: messages, runs, limits, and everything that ends it. */
import { writeFileSync } from "node:fs";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startServer, type TestServer } from "../../../tests/support/server.ts";
import { connect, type Frame, type TestSocket } from "../../../tests/support/websocket.ts";

const CONFIGURED = "kX9-vT2-configured-by-the-operator";
const everything = '{ permissions: ["*"], channels: ["*"], commands: ["*"] }';
const config = (token: string): string => `{
  gateway: { token: "${token}", maxConnectionsPerAddress: 10000 },
  security: {
    authorization: { roles: {
      admin: ${everything},
      readonly: { permissions: ["read"], channels: ["api"], commands: ["help", "status"] },
      user: { permissions: ["runs:create", "runs:read", "runs:cancel", "status:read"], channels: ["api"], commands: ["help", "run"] },
    }, users: { few: { role: "admin", restrictions: { maxMessages: 2, timeWindow: "1h" } } } },
    rateLimit: { global: { windowMs: 900000, maxRequests: 100000 }, perUser: { windowMs: 900000, maxRequests: 100000 }, perChannel: { windowMs: 900000, maxRequests: 100000 } },
  },
}`;

let server: TestServer;
let worker: Client;
beforeAll(async () => {
  server = await startServer(config(CONFIGURED));
  worker = new Client({ connectionString: server.database.workerUrl });
  await worker.connect();
  const engine = {
    reachable: true,
    endpoint: "unix:///test",
    version: null,
    runtimes: [],
    storageDriver: null,
    image: null,
    imageDigest: null,
    loopDisks: false,
    error: null,
  };
  await worker.query(
    "INSERT INTO worker_node (id, host, pid, version, engine, started_at, heartbeat_at) VALUES ('wrk_test', 'test', 1, '0', $1, now(), now() + interval '1 hour')",
    [engine],
  );
});
afterAll(async () => {
  await worker.end();
  await server.stop();
});

let owners = 0;
async function open(
  role = "admin",
  from = "127.0.0.1",
): Promise<TestSocket & { tokenId: string; token: string; connectionId: string }> {
  owners += 1;
  const { id: tokenId, token } = await server.token({ name: `t${owners}`, role, ownerId: `owner${owners}` });
  const socket = await connect(server.url, { token, from });
  const { connectionId } = await socket.take("ready");
  return { ...socket, tokenId, token, connectionId: String(connectionId) };
}

/** What a worker writes. */
async function writeEvent(runId: string, seq: number, kind: string, data: object): Promise<void> {
  await worker.query("INSERT INTO run_event (run_id, seq, kind, data) VALUES ($1, $2, $3, $4)", [
    runId,
    seq,
    kind,
    data,
  ]);
}

async function endRun(runId: string, seq: number, stdout: string): Promise<void> {
  await worker.query(
    "UPDATE run SET state = 'succeeded', reason = 'exit', exit_code = 0, stdout = $2, finished_at = now() WHERE id = $1",
    [runId, stdout],
  );
  await writeEvent(runId, seq, "end", { state: "succeeded", reason: "exit", exitCode: 0, message: null });
}

const closeRecord = async (connectionId: string) => {
  const rows = await server.sql<{
    n: number;
    entry: { event: string; target?: string; reason?: string; data?: Record<string, unknown> };
  }>(
    "SELECT batch.id AS n, entry FROM audit_intake AS batch, json_array_elements(batch.events::json) AS entry WHERE entry->>'event' = 'websocket.closed' AND entry->>'target' = $1",
    [connectionId],
  );
  return rows[0]?.entry;
};

describe("messages", () => {
  it("are answered and recorded like over HTTP, and say where the limits stand", async () => {
    const socket = await open();
    socket.send({ type: "message", id: "m 1", text: "/help", user: "user123" });
    const reply = await socket.take("reply");
    expect(reply).toMatchObject({
      id: "m 1",
      text: expect.stringContaining("/run") as string,
      decision: { code: "allowed", because: "security.authorization.roles.admin.commands", role: "admin" },
    });
    const limits = await socket.take("limits");
    expect(limits.id).toBe("m 1");
    expect(limits["policies"]).toContainEqual({
      rule: "security.rateLimit.perUser",
      max: 100_000,
      windowMs: 900_000,
      remaining: 99_999,
    });
    const rows = await server.sql<{ event: string }>(
      "SELECT entry->>'event' AS event FROM audit_intake AS batch, json_array_elements(batch.events::json) AS entry WHERE entry->>'userId' = 'user123' ORDER BY batch.id",
    );
    expect(rows.map(({ event }) => event)).toEqual(["message.received", "message.replied"]);
    socket.ws.close(1000);
    await socket.closed;
    await expect
      .poll(() => closeRecord(socket.connectionId))
      .toMatchObject({
        reason: "client_left",
        data: { code: 1000, received: 1, sent: 3 },
      });
    expect((await server.recorded("websocket.opened")).some(({ actor_id }) => actor_id === socket.tokenId)).toBe(true);
  });

  it("AUTHZ-1 AUTHZ-5 obey the policy with reason and rule, on record", async () => {
    const socket = await open("readonly");
    socket.send({ type: "message", id: "1", text: "/run python\nprint(1)" });
    const { error } = await socket.take("error");
    expect(error).toMatchObject({
      code: "forbidden",
      details: { reason: "command_not_in_role", because: "security.authorization.roles.readonly.commands" },
    });
    expect(await server.events(error?.requestId ?? "")).toMatchObject([
      { event: "access.denied", outcome: "denied", reason: "command_not_in_role" },
    ]);
    socket.ws.terminate();
  });

  it("AUTHZ-2 obey limits, shared with HTTP, on record", async () => {
    const socket = await open();
    socket.send({ type: "message", id: "1", text: "/help", user: "few" });
    await socket.take("limits");
    await fetch(`${server.url}/api/v1/messages`, {
      method: "POST",
      headers: { authorization: `Bearer ${socket.token}`, "content-type": "application/json" },
      body: JSON.stringify({ text: "/help", user: "few" }),
    });
    socket.send({ type: "limits", id: "2", user: "few", command: "help" });
    expect(await socket.take("limits")).toMatchObject({
      id: "2",
      policies: expect.arrayContaining([
        expect.objectContaining({ rule: "security.authorization.users.few.restrictions", remaining: 0 }),
      ]) as object,
    });
    socket.send({ type: "message", id: "3", text: "/help", user: "few" });
    const { id, error } = await socket.take("error");
    expect([id, error?.code]).toEqual(["3", "rate_limited"]);
    expect(error?.retryAfterSeconds).toBeGreaterThan(3_000);
    expect(await server.events(error?.requestId ?? "")).toMatchObject([{ event: "limit.exceeded", outcome: "denied" }]);
    socket.ws.terminate();
  });

  it("a repeated idempotency key is one run", async () => {
    const socket = await open("user");
    const run = { type: "message", text: "/run sh\ntrue", idempotencyKey: "once" };
    socket.send({ ...run, id: "1" });
    socket.send({ ...run, id: "2" });
    const [one, two] = [await socket.take("accepted"), await socket.take("accepted")];
    expect(one["runId"]).toBe(two["runId"]);
    socket.ws.terminate();
  });
});

describe("frames that are not understood", () => {
  it.each<[string, string, RegExp]>([
    ["no JSON", "{", /not valid JSON/],
    ["an empty frame", "", /empty/],
    ["an unknown type", '{"type":"config.apply","id":"1"}', /^type: /],
    ["no id", '{"type":"ping"}', /^id: /],
    ["an id that is too long", `{"type":"ping","id":"${"x".repeat(65)}"}`, /^id: 1 to 64/],
    ["an unknown field", '{"type":"message","id":"1","text":"/help","senderIsOwner":true}', /senderIsOwner/],
    ["a wrong type", '{"type":"message","id":"1","text":7}', /^text: /],
    ["a negative event number", '{"type":"follow","id":"1","runId":"r","after":-1}', /^after: /],
    ["deep nesting", `{"type":"message","id":"1","text":${"[".repeat(50_000)}${"]".repeat(50_000)}}`, /^text: /],
  ])("%s: an error that names it, on record, and the connection goes on", async (_name, frame, says) => {
    const socket = await open();
    socket.send(frame);
    const { error } = await socket.take("error");
    expect(error?.code).toBe("invalid_input");
    expect(error?.message).toMatch(says);
    expect(await server.events(error?.requestId ?? "")).toMatchObject([
      { event: "message.refused", outcome: "denied" },
    ]);
    socket.send({ type: "ping", id: "still here" });
    expect(await socket.take("pong")).toEqual({ type: "pong", id: "still here" });
    socket.ws.terminate();
  });

  it("three in a row end the connection with 4400; a good one in between starts the count again", async () => {
    const socket = await open();
    for (const frame of ["{", "{", '{"type":"ping","id":"1"}', "{", "{"]) {
      socket.send(frame);
    }
    for (let errors = 0; errors < 4; errors += 1) {
      await socket.take("error");
    }
    socket.send({ type: "ping", id: "2" });
    await socket.take(({ type, id }) => type === "pong" && id === "2");
    ["{", "{", "{"].forEach((frame) => socket.send(frame));
    expect((await socket.closed).code).toBe(4400);
    await expect.poll(() => closeRecord(socket.connectionId)).toMatchObject({ reason: "bad_frames" });
  });

  it("a flood of them between good ones is answered one by one, with far fewer records than frames, all counted", async () => {
    const socket = await open();
    const total = 4_000;
    for (let count = 0; count < total; count += 1) {
      socket.ws.send("{");
      socket.ws.send('{"type":"ping","id":"1"}');
    }
    await expect
      .poll(() => socket.frames.filter(({ type }) => type === "error").length, { timeout: 20_000 })
      .toBe(total);
    const mine = (await server.recorded("limit.exceeded")).filter(
      ({ reason, actor_id }) => reason === "requests_in_flight" && actor_id === socket.tokenId,
    );
    const single = (await server.recorded("message.refused")).filter(({ actor_id }) => actor_id === socket.tokenId);
    expect([...mine, ...single].reduce((sum, { data }) => sum + Number(data["count"]), 0)).toBe(total);
    expect(mine.length + single.length).toBeLessThan(total / 2);
    socket.ws.terminate();
  });

  it("binary ends it with 1003", async () => {
    const socket = await open();
    socket.send(Buffer.from('{"type":"ping","id":"1"}'));
    expect((await socket.closed).code).toBe(1003);
    await expect.poll(() => closeRecord(socket.connectionId)).toMatchObject({ reason: "binary_frame" });
  });
});

describe("runs", () => {
  const started = async (socket: TestSocket, id = "run"): Promise<string> => {
    socket.send({ type: "message", id, text: "/run sh\necho hello" });
    return String((await socket.take(({ type, id: own }) => type === "accepted" && own === id))["runId"]);
  };

  it("stream their events in order and end with the reply, which is on record", async () => {
    const socket = await open("user");
    const runId = await started(socket);
    await writeEvent(runId, 2, "started", { attempt: 1, workerId: "wrk_test" });
    await writeEvent(runId, 3, "stdout", { text: "hello\n" });
    await endRun(runId, 4, "hello\n");
    expect(await socket.take("reply")).toMatchObject({
      id: "run",
      runId,
      text: "hello",
      run: { state: "succeeded", exitCode: 0 },
    });
    const events = socket.frames.filter(({ type }) => type === "event");
    expect(events.map(({ seq, kind, id, runId: of }) => [seq, kind, id, of])).toEqual(
      [
        [1, "queued"],
        [2, "started"],
        [3, "stdout"],
        [4, "end"],
      ].map((event) => [...event, "run", runId]),
    );
    expect(events[2]).toMatchObject({ text: "hello\n", at: expect.stringMatching(/Z$/) as string });
    expect((await server.recorded("message.replied")).some(({ data }) => data["run"] === "succeeded")).toBe(true);
    socket.send({ type: "follow", id: "again", runId, after: 2 });
    await socket.take(({ type, id }) => type === "done" && id === "again");
    expect(socket.frames.filter(({ type, id }) => type === "event" && id === "again").map(({ seq }) => seq)).toEqual([
      3, 4,
    ]);
    socket.ws.terminate();
  });

  it("unfollow stops the events and not the run; its end is told by done", async () => {
    const socket = await open("user");
    const runId = await started(socket);
    await socket.take("event");
    socket.send({ type: "unfollow", id: "run" });
    await socket.take("done");
    await writeEvent(runId, 2, "stdout", { text: "more" });
    socket.send({ type: "ping", id: "p" });
    await socket.take("pong");
    expect(socket.frames.filter(({ type }) => type === "event")).toHaveLength(1);
    expect((await server.recorded("message.replied")).some(({ data }) => data["run"] === "accepted")).toBe(true);
    socket.send({ type: "unfollow", id: "run" });
    expect((await socket.take("error")).error?.code).toBe("not_found");
    socket.ws.terminate();
  });

  it("of others do not exist: neither to follow nor to stop; one's own can be stopped", async () => {
    const [socket, stranger] = [await open("user"), await open("user")];
    const runId = await started(socket);
    for (const type of ["follow", "cancel"]) {
      stranger.send({ type, id: type, runId });
      const { error } = await stranger.take("error");
      expect(error?.code).toBe("not_found");
      expect(await server.events(error?.requestId ?? "")).toMatchObject([
        { event: "message.refused", reason: "not_found" },
      ]);
    }
    const reader = await open("readonly");
    reader.send({ type: "cancel", id: "1", runId });
    expect((await reader.take("error")).error?.code).toBe("forbidden");
    socket.send({ type: "cancel", id: "c", runId });
    expect(await socket.take("cancel")).toEqual({ type: "cancel", id: "c", runId, cancel: "requested" });
    [socket, stranger, reader].forEach(({ ws }) => ws.terminate());
  });

  it("at most 32 requests are under way at a time; ids are unique among them", async () => {
    const socket = await open("user");
    const runId = await started(socket);
    for (let follow = 1; follow < 32; follow += 1) {
      socket.send({ type: "follow", id: `f${follow}`, runId });
    }
    socket.send({ type: "follow", id: "f1", runId });
    expect((await socket.take("error")).error?.code).toBe("conflict");
    socket.send({ type: "follow", id: "f32", runId });
    const { id, error } = await socket.take("error");
    expect([id, error?.code, error?.retryAfterSeconds]).toEqual(["f32", "rate_limited", 1]);
    expect(await server.events(error?.requestId ?? "")).toMatchObject([
      { event: "limit.exceeded", reason: "requests_in_flight" },
    ]);
    await endRun(runId, 2, "");
    await socket.take(({ type, id: own }) => type === "done" && own === "f31");
    socket.send({ type: "follow", id: "f33", runId });
    await socket.take(({ type, id: own }) => type === "done" && own === "f33");
    socket.ws.terminate();
  });

  it("a peer that does not read is not fed more than it takes, and cut when too much waits", async () => {
    const socket = await open("user");
    socket.ws.pause();
    const ping = JSON.stringify({ type: "ping", id: "x".repeat(64) });
    const flood = setInterval(() => {
      for (let count = 0; count < 5_000 && socket.ws.bufferedAmount < 1_000_000; count += 1) {
        socket.ws.send(ping);
      }
    }, 5);
    await expect
      .poll(() => closeRecord(socket.connectionId), { timeout: 30_000 })
      .toMatchObject({ reason: "slow_reader", data: { code: 1006 } });
    clearInterval(flood);
    socket.ws.terminate();
  }, 40_000);
});

describe("AUTH-2 the end of a token", () => {
  const sinceMs = async (socket: TestSocket, act: () => Promise<unknown>): Promise<{ code: number; ms: number }> => {
    const start = performance.now();
    await act();
    const { code } = await socket.closed;
    return { code, ms: performance.now() - start };
  };

  it("revoked: closed with 4401 within 1 s, and only that one", async () => {
    const [ended, other] = [await open(), await open()];
    const { code, ms } = await sinceMs(ended, () =>
      server.sql("UPDATE token SET revoked_at = now() WHERE id = $1", [ended.tokenId]),
    );
    expect(code).toBe(4401);
    expect(ms).toBeLessThan(1_000);
    await expect
      .poll(() => closeRecord(ended.connectionId))
      .toMatchObject({ reason: "token_ended", data: { code: 4401 } });
    other.send({ type: "ping", id: "1" });
    await other.take("pong");
    other.ws.terminate();
  });

  it("expired: closed within 1 s of that moment, in the middle of a stream", async () => {
    const socket = await open("user");
    socket.send({ type: "message", id: "run", text: "/run sh\nsleep 9" });
    await socket.take("event");
    const [row] = await server.sql<{ end: Date }>(
      "UPDATE token SET expires_at = now() + interval '1.2 seconds' WHERE id = $1 RETURNING expires_at AS end",
      [socket.tokenId],
    );
    expect((await socket.closed).code).toBe(4401);
    const late = Date.now() - (row?.end.getTime() ?? 0);
    expect(late).toBeGreaterThanOrEqual(0);
    expect(late).toBeLessThan(1_000);
  });

  it("its address no longer allowed, or its row gone: closed within 1 s", async () => {
    const [moved, deleted] = [await open(), await open()];
    const move = () => server.sql("UPDATE token SET allowed_ips = '{10.0.0.0/8}' WHERE id = $1", [moved.tokenId]);
    expect(await sinceMs(moved, move)).toMatchObject({
      code: 4401,
      ms: expect.toSatisfy((ms: number) => ms < 1_000) as number,
    });
    const drop = () => server.sql("DELETE FROM token WHERE id = $1", [deleted.tokenId]);
    expect(await sinceMs(deleted, drop)).toMatchObject({
      code: 4401,
      ms: expect.toSatisfy((ms: number) => ms < 1_000) as number,
    });
  });

  it("narrowed while connected: the next message is judged by what it is now", async () => {
    const socket = await open();
    await server.sql("UPDATE token SET role_name = 'readonly' WHERE id = $1", [socket.tokenId]);
    const role = async (): Promise<unknown> => {
      socket.send({ type: "message", id: "1", text: "/help" });
      return ((await socket.take("reply"))["decision"] as { role: string }).role;
    };
    await expect.poll(role).toBe("readonly");
    socket.ws.terminate();
  });

  it("100 live connections of one caller, and no more", async () => {
    const first = await open();
    const rest = await Promise.all(Array.from({ length: 99 }, () => connect(server.url, { token: first.token })));
    await Promise.all(rest.map((socket) => socket.take("ready")));
    const over = await connect(server.url, { token: first.token });
    expect((await over.take("error")).error?.code).toBe("rate_limited");
    expect((await over.closed).code).toBe(4429);
    expect((await server.recorded("limit.exceeded")).some(({ reason }) => reason === "connections_per_principal")).toBe(
      true,
    );
    first.ws.close();
    await first.closed;
    const again = async (): Promise<string> => {
      const socket = await connect(server.url, { token: first.token });
      const { type } = await socket.take((frame: Frame) => frame.type === "ready" || frame.type === "error");
      socket.ws.close();
      return type;
    };
    await expect.poll(again).toBe("ready");
    rest.forEach(({ ws }) => ws.terminate());
  });

  it("AUTH-4 gateway.token changed in the file: its connections close, those of tokens stay", async () => {
    const socket = await connect(server.url, { token: CONFIGURED });
    expect(await socket.take("ready")).toMatchObject({ principal: { id: "config:gateway.token" } });
    const other = await open();
    writeFileSync(server.home.configFile, config(`${CONFIGURED}-2`), { mode: 0o600 });
    expect((await socket.closed).code).toBe(4401);
    other.send({ type: "ping", id: "1" });
    await other.take("pong");
    other.ws.terminate();
  });
});

describe("the end of the process", () => {
  it("closes connections with 1001, also those that prove nothing, and does not hang", async () => {
    const own = await startServer(config(CONFIGURED));
    const { token } = await own.token({ name: "last", ownerId: "last" });
    const socket = await connect(own.url, { token });
    await socket.take("ready");
    const silent = await connect(own.url);
    socket.send({ type: "message", id: "1", text: "/help" });
    const start = performance.now();
    const [{ code }, { code: other }] = await Promise.all([socket.closed, silent.closed, own.stop()]);
    expect([code, other]).toEqual([1001, 1001]);
    expect(performance.now() - start).toBeLessThan(10_000);
  });
});

/** Profiles and files of runs through the real server; no worker is needed to accept, refuse, list and read. */
import { once } from "node:events";
import type { Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { callApi, type Called } from "../../tests/support/api-client.ts";
import { announceEngine, startServer, type TestServer } from "../../tests/support/server.ts";
import { openSocket, sendRaw } from "../../tests/support/raw-http.ts";
import { connect } from "../../tests/support/websocket.ts";
import { RUN_FILE_LIMITS } from "#server/files/schema.ts";
import { ROOM_BYTES } from "#server/gateway/body-room.ts";

const KEY = "-----BEGIN PRIVATE KEY-----";
const CONFIG = {
  security: {
    rateLimit: { enabled: false },
    authorization: {
      roles: {
        admin: { permissions: ["*"], channels: ["*"], commands: ["*"] },
        user: { permissions: ["runs:create", "runs:read", "status:read"], channels: ["*"], commands: ["*"] },
      },
    },
    sandboxing: { profiles: { heavy: { limits: { memory: "1g" } }, net: {} }, roles: { admin: ["heavy", "default"] } },
    fileSystem: {
      restrictions: { maxFileSize: "5MB", allowedExtensions: [".txt", ".bin"], deniedExtensions: [".exe"] },
    },
  },
};

let server: TestServer;
let admin: string;
let user: string;

beforeAll(async () => {
  server = await startServer(JSON.stringify(CONFIG));
  await announceEngine(server);
  admin = (await server.token({ role: "admin" })).token;
  user = (await server.token({ role: "user" })).token;
});
afterAll(() => server.stop());

const base64 = (content: string | Buffer): string => Buffer.from(content).toString("base64");
const file = (path: string, content: string | Buffer = "hello") => ({ path, content: base64(content) });

const run = (more: object = {}, token = admin, headers: Record<string, string> = {}): Promise<Called> =>
  callApi(server.url, "/api/v1/runs", {
    method: "POST",
    token,
    headers: { prefer: "respond-async", ...headers },
    body: { language: "sh", code: "true", ...more },
  });

const bodyHead = (token: string, bytes: number): string =>
  `POST /api/v1/messages HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: ${bytes}\r\n\r\n`;

/** A message of `bytes` whose caller waits to be told to send it, and never does: from then on it has its room. */
async function beginBody(bytes: number): Promise<Socket> {
  const socket = await openSocket({ port: Number(new URL(server.url).port) });
  socket.write(bodyHead(admin, bytes));
  const [answer] = (await once(socket, "data")) as [Buffer];
  expect(answer.toString()).toMatch(/^HTTP\/1\.1 100 /);
  return socket;
}

async function countRuns(): Promise<number> {
  const [row] = await server.sql<{ n: number }>("SELECT count(*)::int AS n FROM run");
  return row?.n ?? -1;
}

describe("SBX-1 profiles", () => {
  it("the role's first is used, and another of its profiles when asked for", async () => {
    for (const [more, token, profile] of [
      [{}, admin, "heavy"],
      [{ profile: "default" }, admin, "default"],
      [{}, user, "default"],
    ] as const) {
      const { status, body } = await run(more, token);
      expect(status).toBe(202);
      expect(await server.sql("SELECT profile FROM run WHERE id = $1", [body?.runId])).toEqual([{ profile }]);
    }
  });

  it.each([
    ["net", "admin"],
    ["heavy", "user"],
    ["nothing", "admin"],
    ["__proto__", "user"],
  ])("%s is refused to role %s, on record", async (profile, role) => {
    const before = await countRuns();
    const answer = await run({ profile }, role === "admin" ? admin : user);
    expect([answer.status, answer.body?.error?.details]).toEqual([
      403,
      { reason: "profile_not_allowed", because: `security.sandboxing.roles.${role}` },
    ]);
    expect(await server.events(answer.requestId)).toMatchObject([
      { event: "access.denied", outcome: "denied", reason: "profile_not_allowed" },
    ]);
    expect(await countRuns()).toBe(before);
  });

  it("a message with /run takes it as well, a command that starts no run does not", async () => {
    const say = (text: string) =>
      callApi(server.url, "/api/v1/messages", {
        method: "POST",
        token: admin,
        headers: { prefer: "respond-async" },
        body: { text, profile: "default", files: [file("a.txt")] },
      });
    expect((await say("/run sh\ntrue")).status).toBe(202);
    expect((await say("/help")).body?.error).toMatchObject({
      code: "invalid_input",
      message: expect.stringContaining("/help does not") as string,
    });
  });
});

describe("files that come with a run", () => {
  it("FS-4 are stored with the run, listed, read byte for byte, and on record", async () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
    const answer = await run({ files: [file("data/ü 'x'.bin", bytes), file("a.txt")], outputs: ["out", "out"] });
    expect(answer.status).toBe(202);
    const runId = answer.body?.runId ?? "";
    expect((await server.events(answer.requestId)).map(({ event }) => event)).toEqual([
      "message.received",
      "run.queued",
      "file.accessed",
      "file.accessed",
      "message.replied",
    ]);
    expect(await server.sql("SELECT outputs FROM run WHERE id = $1", [runId])).toEqual([{ outputs: ["out"] }]);
    expect(await server.sql("SELECT seq, kind FROM run_event WHERE run_id = $1 ORDER BY seq", [runId])).toEqual([
      { seq: 1, kind: "queued" },
      { seq: 2, kind: "file" },
      { seq: 3, kind: "file" },
    ]);

    const listed = await callApi(server.url, `/api/v1/runs/${runId}/files`, { token: admin });
    const files = listed.body?.["files"] as { id: string; path: string }[];
    expect(files).toMatchObject([
      { direction: "input", path: "a.txt", bytes: 5, verdict: "stored", reason: null },
      { direction: "input", path: "data/ü 'x'.bin", bytes: 256 },
    ]);
    expect(JSON.stringify(listed.body)).not.toContain("content");

    const read = await fetch(`${server.url}/api/v1/runs/${runId}/files/${files[1]?.id}`, {
      headers: { authorization: `Bearer ${admin}` },
    });
    expect(Buffer.from(await read.arrayBuffer())).toEqual(bytes);
    expect(Object.fromEntries(read.headers)).toMatchObject({
      "content-type": "application/octet-stream",
      "content-disposition": "attachment; filename*=UTF-8''%C3%BC%20%27x%27.bin",
      "x-content-type-options": "nosniff",
      "content-security-policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
      "cache-control": "no-store",
    });
    expect(await server.events(read.headers.get("x-request-id"))).toMatchObject([
      { event: "file.accessed", outcome: "ok", data: { operation: "read", path: "data/ü 'x'.bin", bytes: 256 } },
    ]);
  });

  it("belong to whoever sees the run, and to that run alone", async () => {
    const { body } = await run({ files: [file("a.txt")] });
    const [row] = await server.sql<{ id: string }>("SELECT id FROM run_file WHERE run_id = $1", [body?.runId]);
    const other = (await run({}, user)).body?.runId ?? "";
    for (const [path, token] of [
      [`${body?.runId}/files`, user],
      [`${body?.runId}/files/${row?.id}`, user],
      [`${other}/files/${row?.id}`, user],
      [`${other}/files/${row?.id}`, admin],
      [`${body?.runId}/files/fil_none`, admin],
      [`${body?.runId}/files/..%2f..%2fetc`, admin],
      ["run_none/files", admin],
    ] as const) {
      expect([path, (await callApi(server.url, `/api/v1/runs/${path}`, { token })).status]).toEqual([path, 404]);
    }
    expect((await callApi(server.url, `/api/v1/runs/${other}/files`, { token: user })).body).toEqual({ files: [] });
  });

  it.each([
    ["path_form", file("../a.txt")],
    ["path_form", file("/etc/a.txt")],
    ["name_reserved", file("main.sh")],
    ["name_reserved", file(".openclaw/run")],
    ["path_characters", file("a\u{202e}txt.txt")],
    ["path_too_long", file(`${"d/".repeat(200)}a.txt`)],
    ["extension_denied", file("a.exe.txt")],
    ["extension_not_allowed", file("a.pdf")],
    ["extension_missing", file("README")],
    ["name_repeated", file("GOOD.txt")],
    ["file_too_large", file("big.bin", Buffer.alloc(5 * 1024 * 1024 + 1))],
  ])("FS-1 FS-2 FS-3 %s refuses the whole message, naming the file, on record", async (code, bad) => {
    const before = await countRuns();
    const answer = await run({ files: [file("good.txt"), bad] });
    expect([answer.status, answer.body?.error?.details]).toEqual([
      400,
      {
        fields: [{ field: "files.1", problem: expect.any(String) as string }],
        code,
        because: expect.any(String) as string,
      },
    ]);
    expect(await server.events(answer.requestId)).toMatchObject([
      {
        event: "file.refused",
        outcome: "denied",
        reason: code,
        data: { path: bad.path.replace("\u{202e}", "\\u202e") },
      },
    ]);
    expect(await countRuns()).toBe(before);
  });

  it.each(["../x", "/x", "a//b", ".", "x\u{202e}"])("FS-1 the path %j is not kept", async (path) => {
    const answer = await run({ outputs: [path] });
    expect([answer.status, answer.body?.error?.message]).toEqual([400, expect.stringMatching(/^outputs\.0: /)]);
    expect(await server.events(answer.requestId)).toMatchObject([{ event: "file.refused" }]);
  });

  it("FS-5 a suspicious file goes to quarantine, encrypted, and refuses the message", async () => {
    const before = await countRuns();
    const answer = await run({ files: [file("id.txt", KEY)] });
    const message = answer.body?.error?.message ?? "";
    const id = /qua_\w+/.exec(message)?.[0];
    expect([answer.status, message]).toEqual([400, expect.stringContaining("private key")]);
    expect(await server.sql("SELECT state, name, path, user_id FROM quarantined_file WHERE id = $1", [id])).toEqual([
      { state: "stored", name: "id.txt", path: null, user_id: null },
    ]);
    expect((await server.events(answer.requestId)).map(({ event }) => event).sort()).toEqual([
      "file.quarantined",
      "file.suspicious",
    ]);
    expect(await countRuns()).toBe(before);
  });

  it.each([
    [{ files: [{ path: "a.txt", content: "%%%" }] }, "files.0.content"],
    [{ files: [{ path: "a.txt", content: "YQ=" }] }, "files.0.content"],
    [{ files: [{ path: "", content: "" }] }, "files.0.path"],
    [{ files: [{ path: "a\0.txt", content: "" }] }, "files.0.path"],
    [{ files: [{ path: "a.txt", content: "", mode: 0o4755 }] }, "files.0"],
    [{ files: Array.from({ length: 33 }, (_, index) => file(`${index}.txt`)) }, "files"],
    [{ outputs: Array.from({ length: 65 }, (_, index) => `${index}`) }, "outputs"],
    [{ profile: "" }, "profile"],
  ])("bad input %j is a 400 that names %s", async (more, field) => {
    const answer = await run(more);
    expect([answer.status, answer.body?.error?.details]).toEqual([
      400,
      { fields: [expect.objectContaining({ field })] },
    ]);
  });

  it("an empty file is a file", async () => {
    const { status, body } = await run({ files: [file("empty.txt", "")] });
    expect(status).toBe(202);
    expect(await server.sql("SELECT size_bytes::int AS n FROM run_file WHERE run_id = $1", [body?.runId])).toEqual([
      { n: 0 },
    ]);
  });

  it("one key is one run with the same files, in any order, and a conflict with others", async () => {
    const headers = { "idempotency-key": "files-1" };
    const both = [file("a.txt"), file("b.txt", "b")];
    const first = await run({ files: both }, admin, headers);
    const again = await run({ files: both.toReversed() }, admin, headers);
    expect([first.status, again.status, again.body?.runId]).toEqual([202, 202, first.body?.runId]);
    for (const more of [
      {},
      { files: [file("a.txt")] },
      { files: [file("a.txt"), file("b.txt", "c")] },
      { files: [file("a.txt"), file("c.txt", "b")] },
      { files: both, outputs: ["out"] },
      { files: both, profile: "default" },
    ]) {
      expect((await run(more, admin, headers)).status).toBe(409);
    }
  });

  it("come over a live connection as well, under the same rules", async () => {
    const socket = await connect(server.url, { token: admin });
    socket.send({ type: "message", id: "1", text: "/run sh\ntrue", profile: "default", files: [file("a.txt")] });
    const accepted = await socket.take("accepted");
    expect(await server.sql("SELECT path FROM run_file WHERE run_id = $1", [accepted["runId"]])).toEqual([
      { path: "a.txt" },
    ]);
    socket.send({ type: "message", id: "2", text: "/run sh\ntrue", files: [file("../a.txt")] });
    expect(await socket.take("error")).toMatchObject({ id: "2", error: { code: "invalid_input" } });
    socket.send({ type: "message", id: "3", text: "/run sh\ntrue", profile: "net" });
    expect(await socket.take("error")).toMatchObject({ id: "3", error: { code: "forbidden" } });
    socket.ws.close();
    await socket.closed;
  });
});

describe("large bodies", () => {
  it("as much as the limit says may come, on both routes, and not more", async () => {
    const half = Buffer.alloc(RUN_FILE_LIMITS.inputBytes / 2, 1);
    const files = [file("1.bin", half), file("2.bin", half)];
    const { status, body } = await run({ files });
    expect(status).toBe(202);
    expect(await server.sql("SELECT sum(size_bytes)::int AS n FROM run_file WHERE run_id = $1", [body?.runId])).toEqual(
      [{ n: RUN_FILE_LIMITS.inputBytes }],
    );
    const more = await run({ files: [...files, file("3.bin", "x")] });
    expect([more.status, more.body?.error?.message]).toEqual([400, expect.stringMatching(/^files: All files/)]);
    const message = await callApi(server.url, "/api/v1/messages", {
      method: "POST",
      token: admin,
      headers: { prefer: "respond-async" },
      body: { text: "/run sh\ntrue", files },
    });
    expect(message.status).toBe(202);
  });

  it.each(["/api/v1/runs", "/api/v1/messages", "/api/v1/explain"])(
    "%s refuses one beyond its limit unread",
    async (path) => {
      const text = "x".repeat(path.endsWith("explain") ? 2 ** 20 + 1 : 13 * 2 ** 20);
      expect((await callApi(server.url, path, { method: "POST", token: admin, body: { text } })).status).toBe(413);
    },
  );

  it("a caller who may start no run has the small limit", async () => {
    const { token } = await server.token({ role: "admin", scopes: ["status:read"] });
    const body = { text: "/help", files: [file("a.bin", Buffer.alloc(2 ** 20))] };
    expect((await callApi(server.url, "/api/v1/messages", { method: "POST", token, body })).status).toBe(413);
  });

  it("without a good token nothing is read", async () => {
    const target = { port: Number(new URL(server.url).port), from: "127.0.6.1" };
    const { text } = await sendRaw(target, bodyHead("ocg_wrong", 2 ** 22));
    expect(text).toMatch(/^HTTP\/1\.1 401 /);
  });

  it("together they have a bound: one too many waits outside, and everybody else is served", async () => {
    const each = 11 * 2 ** 20;
    const fits = Math.floor(ROOM_BYTES / each);
    const held = await Promise.all(Array.from({ length: fits }, () => beginBody(each)));
    const large = { files: [file("a.bin", Buffer.alloc(4 * 2 ** 20)), file("b.bin", Buffer.alloc(4 * 2 ** 20))] };
    const refused = await run(large);
    expect([refused.status, refused.headers["retry-after"], refused.body?.error?.code]).toEqual([503, "2", "busy"]);
    expect((await run({ files: [file("a.txt")] })).status).toBe(202);
    held.forEach((socket) => socket.destroy());
    await expect.poll(async () => (await run(large)).status, { timeout: 20_000 }).toBe(202);
  });
});

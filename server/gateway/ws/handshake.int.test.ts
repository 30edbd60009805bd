/** The first frame, attacked from outside: guesses, second credentials, claimed rights, floods of bytes. */
import { randomBytes } from "node:crypto";
import { connect as connectTcp, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startServer, type TestServer } from "../../../tests/support/server.ts";
import { connect, dial, type Frame } from "../../../tests/support/websocket.ts";

const CONFIGURED = randomBytes(24).toString("base64url");
let server: TestServer;
let reader: string;
beforeAll(async () => {
  server = await startServer(`{ gateway: { token: "${CONFIGURED}", maxConnectionsPerAddress: 10000 } }`);
  ({ token: reader } = await server.token({ name: "reader", role: "readonly", ownerId: "reader" }));
});
afterAll(() => server.stop());

interface Verdict {
  code: number;
  frame: Frame | undefined;
}

/** Sends one first frame and reports how the connection ended. */
async function first(frame: unknown, from: string, headers: Record<string, string> = {}): Promise<Verdict> {
  const socket = await connect(server.url, { from, headers });
  socket.send(frame);
  const { code } = await socket.closed;
  return { code, frame: socket.frames.at(-1) };
}

const wrong = () => randomBytes(24).toString("base64url");

describe("AUTH-9 the auth frame", () => {
  it("a right token opens the session of exactly that token; a wrong one ends the connection, on record", async () => {
    const socket = await connect(server.url, { from: "127.0.4.1" });
    socket.send({ type: "auth", token: reader });
    expect(await socket.take("ready")).toMatchObject({ principal: { name: "reader", role: "readonly" } });
    socket.ws.terminate();
    const guess = wrong();
    const { code, frame } = await first({ type: "auth", token: guess }, "127.0.4.1");
    expect([code, frame?.type, frame?.error?.code]).toEqual([4401, "error", "unauthenticated"]);
    expect(await server.events(frame?.error?.requestId ?? "")).toMatchObject([
      { event: "auth.token_rejected", outcome: "denied", reason: "malformed", actor_id: "127.0.4.1" },
    ]);
    expect(JSON.stringify([frame, await server.recorded("auth.token_rejected")])).not.toContain(guess);
  });

  it("a connection has one try: what is sent behind a wrong token is not looked at", async () => {
    const socket = await connect(server.url, { from: "127.0.4.2" });
    socket.send({ type: "auth", token: wrong() });
    socket.send({ type: "auth", token: reader });
    expect((await socket.closed).code).toBe(4401);
    expect(socket.frames.map(({ type }) => type)).toEqual(["error"]);
  });

  it("frames in the same packet behind a right token are served in order", async () => {
    const socket = await connect(server.url, { from: "127.0.4.2" });
    socket.ws.send(JSON.stringify({ type: "auth", token: reader }));
    socket.ws.send(JSON.stringify({ type: "ping", id: "1" }));
    socket.ws.send(JSON.stringify({ type: "nonsense" }));
    await socket.take("error");
    expect(socket.frames.map(({ type }) => type)).toEqual(["ready", "pong", "error"]);
    socket.ws.terminate();
  });

  it.each<[string, unknown]>([
    ["another type", { type: "message", id: "1", text: "/help" }],
    ["no JSON", "auth please"],
    ["an array", []],
    ["binary", Buffer.from(JSON.stringify({ type: "auth", token: "x" }))],
    ["an empty token", { type: "auth", token: "" }],
    ["a token that is no text", { type: "auth", token: { $ne: null } }],
    ["CVE-2026-28472 a second credential", { type: "auth", token: "RIGHT", deviceToken: "junk" }],
    ["GHSA-rqpp-rjj8-7wv8 scopes of its own", { type: "auth", token: "RIGHT", scopes: ["operator.admin"] }],
    ["CVE-2026-53821 a role of its own", { type: "auth", token: "RIGHT", role: "admin" }],
    ["CVE-2026-44118 senderIsOwner", { type: "auth", token: "RIGHT", senderIsOwner: true }],
    ["prototype pollution", '{"type":"auth","token":"RIGHT","__proto__":{"role":"admin"}}'],
  ])("%s: 4400 before any token is looked at, on record", async (_name, frame) => {
    const filled = Buffer.isBuffer(frame)
      ? frame
      : (typeof frame === "string" ? frame : JSON.stringify(frame)).replace("RIGHT", reader);
    const { code, frame: last } = await first(filled, "127.0.4.3");
    expect([code, last?.error?.code]).toEqual([4400, "invalid_input"]);
    expect(JSON.stringify(last)).not.toContain(reader);
    const rows = await server.recorded("auth.token_rejected");
    expect(rows.some(({ reason, actor_id }) => reason === "malformed" && actor_id === "127.0.4.3")).toBe(true);
  });

  it("CVE-2026-44118 rights claimed in headers of the upgrade have no effect", async () => {
    const headers = {
      "x-openclaw-scopes": "*",
      "x-sender-is-owner": "true",
      "x-forwarded-user": "admin",
      "x-role": "admin",
    };
    const socket = await connect(server.url, { from: "127.0.4.3", headers, token: reader });
    expect(await socket.take("ready")).toMatchObject({ principal: { role: "readonly", scopes: [] } });
    socket.send({ type: "message", id: "1", text: "/run sh\nid" });
    expect((await socket.take("error")).error?.code).toBe("forbidden");
    socket.send({ type: "auth", token: CONFIGURED });
    expect((await socket.take("error")).error?.message).toContain("a frame is an object whose type is");
    socket.ws.terminate();
  });
});

describe("AUTH-9 ClawJacked guessing over WebSockets from loopback", () => {
  it("1,000 guesses, with and without our own Origin: slowed, told when to come back, all on record, and others go on", async () => {
    const own = { origin: server.url };
    const counted = async (): Promise<number> =>
      (await server.recorded("auth.token_rejected"))
        .filter(({ actor_id }) => actor_id === "127.0.0.1")
        .reduce((sum, { data }) => sum + Number(data["count"] ?? 1), 0);
    const before = await counted();
    const verdicts: Verdict[] = [];
    for (let round = 0; round < 100; round += 1) {
      const headers = round % 2 === 0 ? own : {};
      const burst = Array.from({ length: 10 }, () => first({ type: "auth", token: wrong() }, "127.0.0.1", headers));
      verdicts.push(...(await Promise.all(burst)));
    }
    const codes = verdicts.map(({ code }) => code);
    expect(codes.filter((code) => code === 4401).length).toBeLessThanOrEqual(15);
    expect(codes.every((code) => code === 4401 || code === 4429)).toBe(true);
    const locked = verdicts.filter(({ code }) => code === 4429);
    expect(
      locked.every(({ frame }) => frame?.error?.code === "locked_out" && Number(frame.error.retryAfterSeconds) > 0),
    ).toBe(true);
    expect((await counted()) - before).toBe(1_000);
    // The right configured token is held up at this address, another owner's is not, and HTTP shares the count.
    expect((await first({ type: "auth", token: CONFIGURED }, "127.0.0.1")).code).toBe(4429);
    expect(await dial(server.url, { token: CONFIGURED })).toMatchObject({ status: 429 });
    const http = await fetch(`${server.url}/api/v1/whoami`, { headers: { authorization: `Bearer ${CONFIGURED}` } });
    expect(http.status).toBe(429);
    const socket = await connect(server.url);
    socket.send({ type: "auth", token: reader });
    await socket.take("ready");
    socket.ws.terminate();
  }, 60_000);

  it("PR #57647 junk second credentials beside each guess do not get around it", async () => {
    const codes: number[] = [];
    for (let guess = 0; guess < 20; guess += 1) {
      const junk = { "x-device-token": `d${guess}`, cookie: `deviceToken=${guess}` };
      codes.push((await first({ type: "auth", token: wrong() }, "127.0.4.5", junk)).code);
    }
    expect(codes.slice(0, 5)).toEqual([4401, 4401, 4401, 4401, 4401]);
    expect(codes.at(-1)).toBe(4429);
  });

  it("PR #57647 in the frame itself they are no oracle: right and wrong tokens end alike", async () => {
    const verdicts = [];
    for (const token of [reader, wrong(), CONFIGURED]) {
      const { code, frame } = await first({ type: "auth", token, deviceToken: "junk" }, "127.0.4.6");
      verdicts.push([code, frame?.error?.code, frame?.error?.message]);
    }
    expect(verdicts[1]).toEqual(verdicts[0]);
    expect(verdicts[2]).toEqual(verdicts[0]);
  });
});

/** A masked client frame (RFC 6455 § 5.2) with a mask of zeros. */
function clientFrame(opcode: number, payload: Buffer, fin = true): Buffer {
  const head = Buffer.alloc(payload.length < 126 ? 6 : 14);
  head[0] = (fin ? 0x80 : 0) | opcode;
  if (payload.length < 126) {
    head[1] = 0x80 | payload.length;
  } else {
    head[1] = 0x80 | 127;
    head.writeBigUInt64BE(BigInt(payload.length), 2);
  }
  return Buffer.concat([head, payload]);
}

async function rawUpgrade(from: string): Promise<Socket> {
  const socket = connectTcp({ port: Number(new URL(server.url).port), host: "127.0.0.1", localAddress: from });
  socket.on("error", () => undefined);
  socket.write(
    "GET /ws HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
  );
  await new Promise((resolve) => socket.once("data", resolve));
  return socket;
}

describe("CVE-2026-32980 bytes before the caller is known", () => {
  it.each<[string, string, Buffer, Buffer]>([
    ["one large frame", "127.0.4.7", Buffer.alloc(0), clientFrame(1, Buffer.alloc(900_000, "a"))],
    [
      "fragments that never end",
      "127.0.4.9",
      clientFrame(1, Buffer.from("{"), false),
      clientFrame(0, Buffer.alloc(100, "a"), false),
    ],
    ["control frames that are not answered", "127.0.4.10", Buffer.alloc(0), clientFrame(10, Buffer.alloc(100))],
  ])("%s: cut after 64 KiB, on record", async (_name, from, start, repeated) => {
    const socket = await rawUpgrade(from);
    let received = Buffer.alloc(0);
    socket.on("data", (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
    });
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.write(start);
    const pump = (): void => {
      if (!socket.destroyed && socket.bytesWritten < 8_000_000) {
        socket.write(repeated, () => setImmediate(pump));
      }
    };
    pump();
    await closed;
    const rows = await server.recorded("auth.token_rejected");
    expect(rows.some(({ reason, actor_id }) => reason === "too_large" && actor_id === from)).toBe(true);
    expect(received.includes("payload_too_large")).toBe(true);
  });

  it("after it a frame may be larger, up to 1 MiB, and no more", async () => {
    const socket = await connect(server.url, { token: reader, from: "127.0.4.8" });
    await socket.take("ready");
    socket.send({ type: "message", id: "big", text: `/help ${"a".repeat(150_000)}` });
    await socket.take("reply");
    socket.send(`{"type":"ping","id":"x","pad":"${"a".repeat(1_100_000)}"}`);
    expect((await socket.closed).code).toBe(1009);
  });
});

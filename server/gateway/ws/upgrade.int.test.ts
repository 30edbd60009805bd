/** What becomes a WebSocket and what does not, attacked from outside. */
import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { connect as connectTcp } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { startServer, type TestServer } from "../../../tests/support/server.ts";
import { connect, dial, refusal } from "../../../tests/support/websocket.ts";

let server: TestServer;
let admin: string;
beforeAll(async () => {
  server = await startServer("{ gateway: { maxConnectionsPerAddress: 10000 } }");
  ({ token: admin } = await server.token({ name: "admin", ownerId: "ops" }));
});
afterAll(() => server.stop());

/** Sends bytes as they are and returns all that comes back until the other side closes. */
function raw(text: string, from: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = "";
    const socket = connectTcp({ port: Number(new URL(server.url).port), host: "127.0.0.1", localAddress: from });
    socket.on("data", (chunk: Buffer) => {
      answer += chunk.toString();
    });
    socket.on("error", () => undefined);
    socket.on("close", () => resolve(answer));
    socket.write(text);
  });
}

const HANDSHAKE =
  "host: 127.0.0.1\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

describe("the upgrade", () => {
  it("the documentation's example works as it stands", async () => {
    const documentation = readFileSync(join(import.meta.dirname, "../../../docs/websocket.md"), "utf8");
    const example = /```js\n([\s\S]*?)```/.exec(documentation)?.[1] ?? "";
    const code = example.replace("127.0.0.1:18789", new URL(server.url).host);
    const env = { ...process.env, OPENCLAW_TOKEN: admin };
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", code], { env });
    expect(stdout).toContain("type: 'ready'");
    expect(stdout).toContain("type: 'reply'");
    expect(stdout).toContain("closed with 1005");
  });

  it("opens with a token in either header, and says who it is", async () => {
    for (const options of [{ token: admin }, { headers: { "x-api-key": admin } }]) {
      const socket = await connect(server.url, options);
      const ready = await socket.take("ready");
      expect(ready).toMatchObject({
        connectionId: expect.stringMatching(/^con_/) as string,
        principal: { name: "admin", role: "admin" },
      });
      expect(Date.parse(String(ready["expiresAt"]))).toBeGreaterThan(Date.now());
      expect(socket.ws.extensions).toBe("");
      socket.ws.close();
      expect((await socket.closed).code).toBe(1005);
    }
  });

  it("any other path is 404, on record, and the connection is over", async () => {
    const answer = await refusal(server.url, { path: "/api/v1/messages", token: admin });
    expect([answer.status, answer.body.error?.code]).toEqual([404, "not_found"]);
    expect(await server.events(String(answer.headers["x-request-id"]))).toMatchObject([
      { event: "message.refused", outcome: "denied", reason: "not_found" },
    ]);
  });

  it.each(["/ws?token=TOKEN", "/ws?gatewayUrl=wss://evil.example", "/ws?access_token=TOKEN"])(
    "CVE-2026-25253 NET-6 %s: a query string is refused and never read",
    async (path) => {
      const answer = await refusal(server.url, { path: path.replace("TOKEN", admin) });
      expect(answer.status).toBe(400);
      expect(answer.body.error?.message).toContain("query string");
      expect(JSON.stringify([answer.body, await server.recorded("message.refused")])).not.toContain(admin.slice(17));
    },
  );

  it("a token as subprotocol is not read, and no subprotocol is agreed to", async () => {
    const ws = new WebSocket(`${server.url.replace("http", "ws")}/ws`, [`bearer.${admin}`, admin]);
    const refused = new Promise<Error>((resolve) => ws.once("error", resolve));
    // The library insists on one; that the server names none is the point.
    expect(String(await refused)).toContain("Server sent no subprotocol");
  });

  it.each([
    ["no key", HANDSHAKE.replace(/sec-websocket-key.*\r\n/, "")],
    ["a key of another length", HANDSHAKE.replace("dGhlIHNhbXBsZSBub25jZQ==", "abc")],
    [
      "an old version with its own origin header",
      `${HANDSHAKE.replace("13", "8")}sec-websocket-origin: http://evil.example\r\n`,
    ],
  ])("%s: 400 that says what is needed", async (_name, head) => {
    const answer = await raw(`GET /ws HTTP/1.1\r\n${head}\r\n`, "127.0.2.1");
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toContain("version 13");
    expect(answer).toContain("content-security-policy: default-src 'none'");
  });

  it("a POST that would upgrade is 400", async () => {
    expect(await raw(`POST /ws HTTP/1.1\r\n${HANDSHAKE}\r\n`, "127.0.2.1")).toMatch(/^HTTP\/1\.1 400 /);
  });

  it("a wrong token is 401 before the upgrade, on record", async () => {
    const answer = await refusal(server.url, { token: `${admin.slice(0, -3)}xyz`, from: "127.0.2.2" });
    expect(answer.status).toBe(401);
    expect(answer.headers["www-authenticate"]).toBe('Bearer realm="openclaw"');
    expect(await server.events(String(answer.headers["x-request-id"]))).toMatchObject([
      { event: "auth.token_rejected", outcome: "denied" },
    ]);
  });
});

describe("ClawJacked NET-6 pages of other sites", () => {
  const port = () => new URL(server.url).port;

  it.each(["http://evil.example", "null", "http://127.0.0.1.evil.example", "https://127.0.0.1", "file://"])(
    "Origin %s: 403 before the upgrade, with or without a token, on record",
    async (origin) => {
      for (const token of [admin, undefined]) {
        const answer = await refusal(server.url, { headers: { origin }, ...(token === undefined ? {} : { token }) });
        expect([answer.status, answer.body.error?.code]).toEqual([403, "forbidden"]);
      }
      const rows = await server.recorded("network.origin_refused");
      expect(rows.some(({ reason, data }) => reason === "foreign_origin" && data["origin"] === origin)).toBe(true);
    },
  );

  it("DNS rebinding: a name that is not ours is 421, on record", async () => {
    const rebound = `rebound.example:${port()}`;
    const answer = await refusal(server.url, {
      token: admin,
      headers: { host: rebound, origin: `http://${rebound}` },
    });
    expect([answer.status, answer.body.error?.code]).toEqual([421, "wrong_host"]);
    const rows = await server.recorded("network.origin_refused");
    expect(rows.some(({ reason, data }) => reason === "foreign_host" && data["host"] === rebound)).toBe(true);
  });

  it("our own origin is let through to the same proof as everybody", async () => {
    const own = { origin: `http://127.0.0.1:${port()}` };
    expect((await refusal(server.url, { headers: own, token: "wrong", from: "127.0.2.3" })).status).toBe(401);
    const socket = await connect(server.url, { headers: own, token: admin });
    await socket.take("ready");
    socket.ws.terminate();
  });
});

describe("GHSA-mfg5 floods of connections that never say who they are", () => {
  const openFiles = (): number => readdirSync(`/proc/${server.process.pid ?? 0}/fd`).length;

  it("2,000 upgrades from one address: at most 20 stay open, descriptors stay bounded, others are served meanwhile", async () => {
    const before = openFiles();
    const held: WebSocket[] = [];
    const statuses = new Map<number, number>();
    let mostFiles = 0;
    let mostOpen = 0;
    const flood = async (): Promise<void> => {
      for (let attempt = 0; attempt < 40; attempt += 1) {
        const answer = await dial(server.url, { from: "127.0.3.1" });
        if ("status" in answer) {
          statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
        } else {
          held.push(answer.ws);
        }
        mostFiles = Math.max(mostFiles, openFiles());
        mostOpen = Math.max(mostOpen, held.filter(({ readyState }) => readyState === WebSocket.OPEN).length);
      }
    };
    const served = async (): Promise<void> => {
      for (let round = 0; round < 10; round += 1) {
        const known = await connect(server.url, { token: admin, from: "127.0.3.1" });
        await known.take("ready");
        known.ws.close();
        const elsewhere = await connect(server.url, { from: "127.0.3.2" });
        elsewhere.send({ type: "auth", token: admin });
        await elsewhere.take("ready");
        elsewhere.ws.close();
        await elsewhere.closed;
      }
    };
    await Promise.all([served(), ...Array.from({ length: 50 }, flood)]);
    expect(mostOpen).toBe(20);
    const refused = statuses.get(429) ?? 0;
    expect([...statuses]).toEqual([[429, refused]]);
    expect(held.length + refused).toBe(2_000);
    // The 20, the 50 attempts under way with their ended sockets, and those that were served.
    expect(mostFiles - before).toBeLessThan(200);
    const counted = (await server.recorded("limit.exceeded")).filter(({ reason }) => reason === "unproven_per_address");
    expect(counted.reduce((sum, { data }) => sum + Number(data["count"]), 0)).toBe(refused);
    expect(counted.length).toBeLessThan(1_000);

    held.forEach((ws) => ws.terminate());
    await expect.poll(openFiles).toBeLessThanOrEqual(before + 5);
    const again = await connect(server.url, { from: "127.0.3.1" });
    again.ws.terminate();
  }, 60_000);

  it("resets in the middle of the handshake do not hurt the process", async () => {
    const port = Number(new URL(server.url).port);
    await Promise.all(
      Array.from(
        { length: 100 },
        () =>
          new Promise<void>((resolve) => {
            const socket = connectTcp({ port, host: "127.0.0.1", localAddress: "127.0.3.4" });
            socket.on("error", () => undefined);
            socket.on("close", () => resolve());
            socket.write(`GET /ws HTTP/1.1\r\n${HANDSHAKE}\r\n`, () => socket.resetAndDestroy());
          }),
      ),
    );
    const socket = await connect(server.url, { token: admin });
    await socket.take("ready");
    socket.ws.terminate();
  });
});

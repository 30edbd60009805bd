/** How much of a body that nobody asked for the server's own socket takes in, and what becomes of the connection. */
import { once } from "node:events";
import { createServer } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { leaveUnreadBody } from "#server/core/http/unread-body.ts";

const sockets: Socket[] = [];
const server = createServer((request, response) => {
  leaveUnreadBody(request, response);
  response.statusCode = 401;
  response.end();
});
server.on("connection", (socket: Socket) => void sockets.push(socket));
let client: Socket;

beforeEach(async () => {
  sockets.length = 0;
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  client = connect((server.address() as AddressInfo).port, "127.0.0.1");
  client.on("error", () => undefined);
});
afterEach(async () => {
  client.destroy();
  server.close();
  await once(server, "close");
});

test.each([
  ["declared", "content-length: 104857600"],
  ["in pieces", "transfer-encoding: chunked"],
])(
  "CVE-2026-32980 of 100 MB %s, no more than two reads of 64 KB behind the headers are taken before the connection is cut",
  async (_, length) => {
    const head = `POST /hooks/tg HTTP/1.1\r\nhost: a\r\n${length}\r\n\r\n`;
    // The cut may arrive as a reset, which "once" of node:events would throw.
    const closed = new Promise<void>((resolve) => client.once("close", () => resolve()));
    client.write(head);
    const piece = Buffer.alloc(16_384, 120);
    const framed = length.startsWith("transfer")
      ? Buffer.concat([Buffer.from("4000\r\n"), piece, Buffer.from("\r\n")])
      : piece;
    const pour = (): void => {
      while (!client.destroyed && client.write(framed));
    };
    client.on("drain", pour);
    const [answer] = (await once(client, "data")) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 401 /);
    pour();
    await closed;
    expect(client.bytesWritten).toBeGreaterThan(head.length);
    expect(sockets[0]?.bytesRead).toBeGreaterThanOrEqual(head.length);
    expect(sockets[0]?.bytesRead).toBeLessThanOrEqual(head.length + 2 * 65_536);
  },
);

test("a request without a body that is answered at once leaves the connection usable past the time unread bodies are given", async () => {
  const startedAt = performance.now();
  while (performance.now() - startedAt < 800) {
    client.write("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    const [answer] = (await once(client, "data")) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 401 /);
  }
  expect(sockets).toHaveLength(1);
  expect(sockets[0]?.destroyed).toBe(false);
});

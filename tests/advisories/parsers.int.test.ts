/** Bodies made to confuse parsers: a clear 4xx each, no crash, no growth, and the gateway serves on. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, it } from "vitest";
import { callApi, say } from "../support/api-client.ts";
import { startServer, type TestServer } from "../support/server.ts";

let server: TestServer;
let token: string;
beforeAll(async () => {
  server = await startServer();
  ({ token } = await server.token({ name: "admin", ownerId: "ops" }));
});
afterAll(() => server.stop());

const BOM = Buffer.from([0xef, 0xbb, 0xbf]);
const CORPUS: [name: string, body: Buffer | string, status: number][] = [
  ["prototype pollution", '{"text":"/help","__proto__":{"isAdmin":true}}', 400],
  ["constructor pollution", '{"text":"/help","constructor":{"prototype":{"isAdmin":true}}}', 400],
  ["deep arrays", `{"text":${"[".repeat(100_000)}${"]".repeat(100_000)}}`, 400],
  ["deep objects", `${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`, 400],
  ["a huge number", `{"text":${"9".repeat(100_000)}}`, 400],
  ["a huge exponent", '{"text":1e999999}', 400],
  ["100,000 keys", `{${Array.from({ length: 70_000 }, (_, n) => `"k${n}":1`).join(",")}}`, 400],
  ["invalid UTF-8", Buffer.from([0x7b, 0xc3, 0x28, 0x7d]), 400],
  ["overlong UTF-8", Buffer.from([0x7b, 0xc0, 0xaf, 0x7d]), 400],
  ["UTF-16", Buffer.from('{"text":"/help"}', "utf16le"), 400],
  ["two documents", '{"text":"/help"}{"text":"/help"}', 400],
  ["trailing garbage", '{"text":"/help"}\u0000', 400],
  ["a comment", '{"text":"/help"/*x*/}', 400],
  ["nothing but blanks", " ".repeat(1_000), 400],
];

it.each(CORPUS)("parser faults: %s", async (_name, body, status) => {
  const called = await callApi(server.url, "/api/v1/messages", { method: "POST", token, body });
  expect(called.status).toBe(status);
  expect(called.body?.error?.message).toBeTruthy();
  expect(await server.events(called.requestId)).toMatchObject([{ event: "message.refused", outcome: "denied" }]);
});

it("parser faults: a byte order mark is dropped, as the encoding standard has it", async () => {
  const body = Buffer.concat([BOM, Buffer.from('{"channel":"api","text":"/help"}')]);
  expect((await callApi(server.url, "/api/v1/messages", { method: "POST", token, body })).status).toBe(200);
});

it("parser faults: of two equal keys the last counts for the check and for the use alike", async () => {
  const { token: reader } = await server.token({ name: "reader", role: "readonly", ownerId: "r" });
  const body = '{"channel":"api","text":"/help","text":"/run sh\\nid"}';
  const called = await callApi(server.url, "/api/v1/messages", { method: "POST", token: reader, body });
  expect(called.status).toBe(403);
});

it("parser faults: memory stays flat and the gateway serves on", async () => {
  const residentMb = (): number =>
    Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.process.pid}/status`, "utf8"))?.[1] ?? 0) / 1024;
  const before = residentMb();
  for (let round = 0; round < 20; round += 1) {
    await Promise.all(
      CORPUS.map(([, body]) => callApi(server.url, "/api/v1/messages", { method: "POST", token, body })),
    );
  }
  expect((await say(server.url, token)).status).toBe(200);
  expect(residentMb() - before).toBeLessThan(200);
});

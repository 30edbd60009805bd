import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { homePaths } from "#server/core/paths.ts";
import { modelSocketPath, openModelListener } from "#server/models/listener.ts";
import { startFakeProvider, type FakeProvider } from "../../tests/support/fake-provider.ts";
import { startServer } from "../../tests/support/server.ts";
import { callModels, openModelBench, type ModelBench } from "../../tests/support/models.ts";

let fake: FakeProvider;
let bench: ModelBench;
beforeEach(async () => {
  fake = await startFakeProvider();
  bench = await openModelBench(`{ models: { providers: { fake: { type: "openai", baseUrl: "${fake.baseUrl}" } } } }`);
});
afterEach(async () => {
  await bench.close();
  await fake.close();
});

const ask = (token: string, more: object = {}) =>
  callModels(bench.socket, "/v1/chat/completions", { model: "fake/x", messages: [], ...more }, { token });

test("a second server on the same home leaves the socket alone, and has it once the first is gone", async () => {
  const { token } = await bench.run();
  const { ino } = statSync(bench.socket);
  const second = await openModelListener(bench.services);
  expect(statSync(bench.socket).ino).toBe(ino);
  expect((await ask(token)).status).toBe(200);

  await bench.listener.close(0);
  await expect
    .poll(
      () =>
        ask(token).then(
          ({ status }) => status,
          () => "nobody there",
        ),
      { timeout: 10_000 },
    )
    .toBe(200);
  await second.close(0);
  await expect(ask(token)).rejects.toThrow();
});

test("a file that a killed server left behind is replaced", async () => {
  await bench.listener.close(0);
  writeFileSync(bench.socket, "stale");
  const again = await openModelListener(bench.services);
  const { token } = await bench.run();
  expect([(await ask(token)).status, statSync(bench.socket).mode & 0o777]).toEqual([200, 0o600]);
  await again.close(0);
});

test("a home too deep for a socket is said in the log, and nothing else fails", async () => {
  const lines: string[] = [];
  const log = pino({}, { write: (line: string) => void lines.push(line) });
  const deep = mkdtempSync(join(tmpdir(), "deep-"));
  const paths = homePaths(join(deep, "x".repeat(100)));
  const listener = await openModelListener({ ...bench.services, log, paths });
  expect(lines.join("")).toContain("Move the OpenClaw home");
  await listener.close(0);
  rmSync(deep, { recursive: true });
});

test("a server that stops lets a call end within the grace, and breaks it off after it; both are counted", async () => {
  const { id, token } = await bench.run();
  const { promise: hold, resolve: goOn } = Promise.withResolvers<void>();
  const { promise: began, resolve: begin } = Promise.withResolvers<void>();
  fake.script({ text: "in time", hold });
  const body = { model: "fake/x", messages: [], stream: true };
  const asked = callModels(bench.socket, "/v1/chat/completions", body, { token, onData: () => begin() });
  await began;
  const closing = bench.listener.close(30_000);
  goOn();
  expect((await asked).text).toContain("[DONE]");
  await closing;
  expect(await bench.grant(id)).toEqual({ used: 18, reserved: 0, calls: 1 });

  const again = await openModelListener(bench.services);
  fake.script({ hang: true });
  const held = ask(token);
  await expect.poll(() => fake.requests.length).toBe(2);
  await again.close(0);
  expect((await held).status).toBe(503);
  expect(await bench.events(id)).toMatchObject([{ reason: "answered" }, { reason: "stopping" }]);
  expect((await bench.grant(id)).reserved).toBe(0);
});

test("the gateway opens the socket, takes run tokens only, and takes it away when it stops", async () => {
  const server = await startServer();
  const socket = modelSocketPath(server.home);
  const { token } = await server.token();
  expect(statSync(socket).mode & 0o777).toBe(0o600);
  const answer = await callModels(socket, "/v1/chat/completions", { model: "openai/x", messages: [] }, { token });
  expect([answer.status, answer.text]).toEqual([401, expect.stringContaining("token_malformed")]);
  expect(await server.recorded("model.refused")).toMatchObject([{ outcome: "denied", reason: "token_malformed" }]);
  await server.stop();
  expect(existsSync(socket)).toBe(false);
});

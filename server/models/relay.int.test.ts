/** What has to be on record before an answer in one piece leaves, and what becomes of the rest: on a real database, held back by locks. */
import { createServer, request as httpRequest, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Client } from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { acceptCall } from "#server/models/accept.ts";
import type { Caller } from "#server/models/caller.ts";
import { relayCall } from "#server/models/relay.ts";
import { RECORDED } from "../../tests/support/audit.ts";
import { startFakeProvider, type FakeProvider } from "../../tests/support/fake-provider.ts";
import { callModels, openModelBench, type ModelBench } from "../../tests/support/models.ts";

const PATH = "/v1/chat/completions";
const BODY = { model: "fake/small", max_tokens: 50, messages: [{ role: "user", content: "Hi" }] };
/** What such a call sets aside. */
const EACH = Math.ceil(JSON.stringify(BODY).length / 3) + 50;

let fake: FakeProvider;
let bench: ModelBench;
/** Calls as the API makes them, by a client whose name is a header. */
let door: Server;
beforeAll(async () => {
  fake = await startFakeProvider();
  bench = await openModelBench(`{
    models: {
      retries: { count: 0 },
      providers: { fake: { type: "openai", baseUrl: "${fake.baseUrl}", apiKey: "k" } },
      budgets: [{ scope: "user", name: "tight", period: "30d", maxTokens: ${EACH + 25} }],
    },
  }`);
  const { services } = bench;
  door = createServer((request, response) => {
    const text = JSON.stringify(BODY);
    const route = { method: "POST", path: PATH, api: "openai", upstream: "/chat/completions" } as const;
    const call = acceptCall(services, clientOf(String(request.headers["x-name"])), route, { text, bytes: text.length })
      .then((accepted) =>
        relayCall(services, accepted, {
          headers: {},
          response,
          stopping: services.models.stopping,
          client: { headers: {}, watch: () => () => undefined },
        }),
      )
      .catch((error: unknown) => response.writeHead(429).end(String(error)));
    void services.models.track(Promise.resolve(call));
  });
  await new Promise<void>((listening) => door.listen(0, "127.0.0.1", listening));
});
afterAll(async () => {
  door.closeAllConnections();
  await new Promise((closed) => door.close(closed));
  await bench.close();
  await fake.close();
});
beforeEach(() => {
  fake.forget();
  bench.logged.length = 0;
});

let names = 0;
const newName = (): string => `client${(names += 1)}`;
const clientOf = (name: string): Caller => ({
  kind: "client",
  models: [{ holder: "role", source: "models.access", names: ["fake/*"] }],
  payer: { principalId: `token:${name}`, tokenName: name, subject: name, role: "bot", channel: "api" },
  requestId: `req_${name}`,
  origin: { actor: { type: "token", id: name }, channel: "api", requestId: `req_${name}` },
  grant: null,
});

interface Asked {
  answer: Promise<{ status: number; text: string } | null>;
  /** Whether the caller has the head of an answer. */
  begun: () => boolean;
  leave: () => void;
}
function ask(name: string): Asked {
  let begun = false;
  const { promise: answer, resolve } = Promise.withResolvers<{ status: number; text: string } | null>();
  const { port } = door.address() as AddressInfo;
  const request = httpRequest({ port, method: "POST", path: PATH, headers: { "x-name": name } }, (response) => {
    begun = true;
    let text = "";
    response.setEncoding("utf8").on("data", (piece: string) => (text += piece));
    response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
  });
  request.on("error", () => resolve(null));
  request.end();
  return { answer, begun: () => begun, leave: () => void request.destroy() };
}

/** A provider that thinks for as long as the test wants. */
function slowProvider(answer: Parameters<FakeProvider["script"]>[0] = { text: "Well considered." }): () => void {
  const { promise: until, resolve } = Promise.withResolvers<void>();
  fake.script({ ...answer, until });
  return resolve;
}

const eventsOf = async (name: string): Promise<{ event: string; reason: string | null }[]> =>
  (await bench.sql(`SELECT event, reason FROM ${RECORDED} AS record WHERE request_id = $1 ORDER BY n`, [
    `req_${name}`,
  ])) as { event: string; reason: string | null }[];
const accepted = (name: string): Promise<void> =>
  expect.poll(() => eventsOf(name)).toEqual([{ event: "model.accepted", reason: null }]);

/** Nothing is written into that table until it is released. */
async function holdWrites(table: "audit_intake" | "model_call") {
  const client = new Client({ connectionString: bench.ownerUrl });
  await client.connect();
  await client.query(`BEGIN; LOCK TABLE ${table} IN EXCLUSIVE MODE`);
  return {
    /** Resolves once a statement waits for the table. */
    // Not `vi.waitFor`, which moves faked timers on.
    waitedFor: () =>
      expect
        .poll(() => bench.sql("SELECT FROM pg_locks WHERE relation = $1::regclass AND NOT granted", [table]), {
          timeout: 10_000,
        })
        .not.toEqual([]),
    async release() {
      await client.query("COMMIT");
      await client.end();
    },
  };
}

describe("an answer in one piece that is there at once", () => {
  // Time stands still: however busy the machine is, the call does not turn slow.
  beforeAll(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
  afterAll(() => void vi.useRealTimers());

  test("waits for the one event that says what it used", async () => {
    const name = newName();
    const held = await holdWrites("audit_intake");
    const asked = ask(name);
    await held.waitedFor();
    expect(asked.begun()).toBe(false);
    await held.release();
    expect(await asked.answer).toMatchObject({ status: 200, text: expect.stringContaining("Hello") as string });
    expect(await eventsOf(name)).toEqual([{ event: "model.called", reason: "answered" }]);
  });
});

describe("an answer in one piece that takes its time", () => {
  test("is accepted on record while the provider works, and does not wait for what it used; a drain does", async () => {
    const name = newName();
    const goOn = slowProvider();
    const asked = ask(name);
    await accepted(name);
    const held = await holdWrites("model_call");
    goOn();
    expect(await asked.answer).toMatchObject({
      status: 200,
      text: expect.stringContaining("Well considered.") as string,
    });
    await held.waitedFor();
    expect(await eventsOf(name)).toHaveLength(1);
    let drained = false;
    const drain = bench.services.models.drain(60_000).then(() => (drained = true));
    await held.waitedFor();
    expect(drained).toBe(false);
    await held.release();
    await drain;
    expect(await eventsOf(name)).toEqual([
      { event: "model.accepted", reason: null },
      { event: "model.called", reason: "answered" },
    ]);
  });

  test("does not leave before that it is accepted is durable", async () => {
    const name = newName();
    const held = await holdWrites("audit_intake");
    const goOn = slowProvider();
    const before = fake.requests.length;
    const asked = ask(name);
    await held.waitedFor();
    await expect.poll(() => fake.requests.length).toBe(before + 1);
    goOn();
    await fake.requests.at(-1)?.answered;
    // Gateway and caller live in this process, and what was sent to them is read long before so many later questions are answered.
    for (let turn = 0; turn < 20; turn += 1) {
      await bench.sql("SELECT 1");
    }
    expect(asked.begun()).toBe(false);
    await held.release();
    expect((await asked.answer)?.status).toBe(200);
    await bench.services.models.drain(60_000);
    expect((await eventsOf(name)).map(({ event }) => event)).toEqual(["model.accepted", "model.called"]);
  });

  test("is not shown where it could not be accepted; what it used is counted", async () => {
    const name = newName();
    const goOn = slowProvider({ text: "Nobody is to see this" });
    await bench.sql("REVOKE INSERT ON audit_intake FROM openclaw_app");
    let asked: Asked;
    try {
      asked = ask(name);
      await expect.poll(() => bench.logged.join("")).toContain("it is not answered");
    } finally {
      await bench.sql("GRANT INSERT ON audit_intake TO openclaw_app");
    }
    goOn();
    const answer = await asked.answer;
    expect([answer?.status, answer?.text]).toEqual([503, expect.not.stringContaining("Nobody") as string]);
    expect(await eventsOf(name)).toEqual([{ event: "model.called", reason: "unrecorded" }]);
    expect(await bench.sql("SELECT input_tokens, output_tokens FROM model_call WHERE subject = $1", [name])).toEqual([
      { input_tokens: 11, output_tokens: 7 },
    ]);
  });

  test("that turns out a failure is on record as one before it is told", async () => {
    const name = newName();
    const goOn = slowProvider({ status: 500, body: '{"error":{"message":"broken"}}' });
    const asked = ask(name);
    await accepted(name);
    const held = await holdWrites("model_call");
    goOn();
    await held.waitedFor();
    expect(asked.begun()).toBe(false);
    await held.release();
    expect((await asked.answer)?.status).toBe(500);
    expect((await eventsOf(name)).at(-1)).toEqual({ event: "model.called", reason: "provider_error" });
  });

  test("whose caller leaves before it is there ends the provider's work and says so", async () => {
    const name = newName();
    slowProvider();
    const asked = ask(name);
    await accepted(name);
    asked.leave();
    await fake.requests.at(-1)?.gone;
    await expect
      .poll(async () => (await eventsOf(name)).at(-1))
      .toEqual({ event: "model.called", reason: "caller_gone" });
  });

  test("leaves room in its budgets at once for what it did not use", async () => {
    const goOn = slowProvider();
    const first = ask("tight");
    await accepted("tight");
    const held = await holdWrites("model_call");
    goOn();
    expect((await first.answer)?.status).toBe(200);
    const goOnAgain = slowProvider();
    const second = ask("tight");
    await expect.poll(async () => (await eventsOf("tight")).length).toBe(2);
    goOnAgain();
    expect((await second.answer)?.status).toBe(200);
    await held.release();
    await bench.services.models.drain(60_000);
    await expect.poll(() => bench.sql("SELECT used_tokens FROM model_budget")).toEqual([{ used_tokens: 36 }]);
  });

  test("and cannot be counted afterwards is told in the log", async () => {
    const name = newName();
    const goOn = slowProvider();
    const asked = ask(name);
    await accepted(name);
    await bench.sql("REVOKE INSERT ON model_call FROM openclaw_app");
    try {
      goOn();
      expect((await asked.answer)?.status).toBe(200);
      await expect.poll(() => bench.logged.join("")).toContain("could not be recorded or counted; its answer is out");
    } finally {
      await bench.sql("GRANT INSERT ON model_call TO openclaw_app");
    }
    expect(await eventsOf(name)).toEqual([{ event: "model.accepted", reason: null }]);
  });
});

test("a program has its answer only when its run's budget is settled, however slow the provider is", async () => {
  const { id, token } = await bench.run();
  const goOn = slowProvider();
  let begun = false;
  const asked = callModels(bench.socket, PATH, BODY, { token, onData: () => (begun = true) });
  const held = await holdWrites("model_call");
  goOn();
  await held.waitedFor();
  expect(begun).toBe(false);
  await held.release();
  expect((await asked).status).toBe(200);
  expect(await bench.grant(id)).toEqual({ used: 18, reserved: 0, calls: 1 });
  expect(await bench.events(id)).toMatchObject([{ event: "model.called" }]);
});

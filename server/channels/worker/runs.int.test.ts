/** Messages that start runs: files go through the file-system policy, a run is started once, and its end is told, also by another worker. */
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { request } from "undici";
import {
  BOT_TOKEN,
  BOT_USERNAME,
  messageUpdate,
  startFakeTelegram,
  type FakeTelegram,
} from "../../../tests/support/fake-telegram.ts";
import { announceEngine, startServer, type TestServer } from "../../../tests/support/server.ts";

const SECRET = "telegram-webhook-secret-0003";
let telegram: FakeTelegram;
let server: TestServer;
let updateId = 0;

beforeAll(async () => {
  telegram = await startFakeTelegram();
  server = await startServer(`{
    security: { authorization: { roles: { user: { permissions: ["read", "write"], channels: ["*"], commands: ["run", "help"] } } } },
    channels: {
      tg: {
        permissions: { allowedUsers: ["*"] },
        connection: { type: "telegram", botToken: "${BOT_TOKEN}", webhookSecret: "${SECRET}", apiBase: "${telegram.apiBase}" },
      },
    },
  }`);
  await announceEngine(server);
});
afterAll(async () => {
  await server.stop();
  await telegram.close();
});

async function deliver(text: string, more: Record<string, unknown> = {}, from = 42): Promise<number> {
  updateId += 1;
  const update = messageUpdate(updateId, { text, from, more });
  const headers = { "content-type": "application/json", "x-telegram-bot-api-secret-token": SECRET };
  const answer = await request(`${server.url}/hooks/tg`, { method: "POST", headers, body: JSON.stringify(update) });
  await answer.body.dump();
  expect(answer.statusCode).toBe(200);
  return updateId;
}

interface Row {
  state: string;
  reason: string | null;
  run_id: string | null;
}

const rowOf = async (id: number): Promise<Row> => {
  const [row] = await server.sql<Row>("SELECT state, reason, run_id FROM channel_delivery WHERE event_id = $1", [
    `update:${id}`,
  ]);
  if (row === undefined) {
    throw new Error("not accepted");
  }
  return row;
};

/** The run of a delivery, once it is accepted. */
const runOf = (id: number): Promise<string> =>
  vi.waitFor(
    async () => {
      const { run_id: runId, ...row } = await rowOf(id);
      if (runId === null) {
        throw new Error(`no run yet: ${JSON.stringify(row)}`);
      }
      return runId;
    },
    { timeout: 15_000, interval: 50 },
  );

const ended = (id: number): Promise<Row> =>
  vi.waitFor(
    async () => {
      const row = await rowOf(id);
      expect(["answered", "refused", "failed"]).toContain(row.state);
      return row;
    },
    { timeout: 20_000, interval: 50 },
  );

/** As a worker of the sandbox would. */
async function finish(runId: string, output: string): Promise<void> {
  await server.sql(
    "UPDATE run SET state = 'succeeded', reason = 'exit', exit_code = 0, stdout = $2, finished_at = now() WHERE id = $1",
    [runId, output],
  );
  await server.sql("SELECT pg_notify('openclaw_run', $1)", [JSON.stringify({ runId })]);
}

describe("a message that starts a run", () => {
  it("is answered with what the run printed; others of the conversation wait their turn", async () => {
    const id = await deliver("/run python\nprint(1)");
    const runId = await runOf(id);
    const next = await deliver("/help");
    await finish(runId, "1\n");
    expect(await ended(id)).toMatchObject({ state: "answered" });
    expect(await ended(next)).toMatchObject({ state: "answered" });
    expect(telegram.sent.map(({ text }) => text)).toEqual(["1", expect.stringContaining("/help")]);
  });

  it("CHANNELS-10 holds back its sender in a group, and nobody else there", async () => {
    const command = (written: string) => {
      const [name = ""] = written.split(/\s/, 1);
      const text = written.replace(name, `${name}@${BOT_USERNAME}`);
      const entities = [{ type: "bot_command", offset: 0, length: name.length + BOT_USERNAME.length + 1 }];
      return { text, more: { chat: { id: -7, type: "group" }, entities } };
    };
    const say = (written: string, from: number) => {
      const { text, more } = command(written);
      return deliver(text, more, from);
    };
    const id = await say("/run python\nprint(4)", 46);
    const runId = await runOf(id);
    const own = await say("/help", 46);
    const others = await say("/help", 47);
    expect(await ended(others)).toMatchObject({ state: "answered" });
    expect(await rowOf(own)).toMatchObject({ state: "accepted" });
    await finish(runId, "4\n");
    expect(await ended(own)).toMatchObject({ state: "answered" });
    const answered = telegram.sent
      .filter(({ chatId }) => chatId === -7)
      .map(({ body }) => (body["reply_parameters"] as { message_id: number }).message_id - 5000);
    expect(answered).toEqual([others, id, own]);
  });

  it("brings its files along, as far as the file-system policy lets them", async () => {
    telegram.files.set("good", Buffer.from("a,b\n1,2\n"));
    telegram.files.set("bad", Buffer.from("-----BEGIN PRIVATE KEY-----\n"));
    const file = (fileId: string, name: string) => ({
      text: undefined,
      caption: "/run python\nprint(1)",
      document: { file_id: fileId, file_name: name },
    });
    const id = await deliver("", file("good", "../data.txt"), 43);
    const runId = await runOf(id);
    expect(await server.sql("SELECT path FROM run_file WHERE run_id = $1", [runId])).toEqual([{ path: "data.txt" }]);
    await finish(runId, "done");
    expect(await ended(id)).toMatchObject({ state: "answered" });
    const refused = await deliver("", file("bad", "key.txt"), 43);
    expect(await ended(refused)).toMatchObject({ state: "refused", reason: "content_suspicious", run_id: null });
    const missing = await deliver("", file("gone", "gone.txt"), 43);
    expect(await ended(missing)).toMatchObject({ state: "refused", reason: "invalid_input" });
  });

  it("that takes long says so in one message, which then says that it is done", async () => {
    const before = telegram.sent.length;
    const id = await deliver("/run python\nprint(3)", {}, 45);
    const runId = await runOf(id);
    const said = await vi.waitFor(
      () => {
        const message = telegram.sent[before];
        expect(message?.text).toMatch(/^Working… \d+ s$/);
        return message;
      },
      { timeout: 20_000, interval: 100 },
    );
    await finish(runId, "3\n");
    expect(await ended(id)).toMatchObject({ state: "answered" });
    expect(telegram.edited.at(-1)).toMatchObject({
      messageId: said?.messageId,
      text: expect.stringMatching(/^Done after \d+ s\.$/) as string,
    });
    expect(telegram.sent.slice(before).map(({ text }) => text)).toEqual([said?.text, "3"]);
  });

  it("whose worker died is waited for by the next, and started once", async () => {
    const id = await deliver("/run python\nprint(2)", {}, 44);
    const runId = await runOf(id);
    // What a process that was killed leaves behind: its lease runs out.
    const second = await startServer(undefined, { sharing: server });
    try {
      const gone = new Promise((resolve) => server.process.once("exit", resolve));
      server.process.kill("SIGKILL");
      await gone;
      await vi.waitFor(
        async () => {
          const [row] = await server.sql<{ attempt: number }>(
            "SELECT attempt FROM channel_delivery WHERE event_id = $1",
            [`update:${id}`],
          );
          expect(row?.attempt).toBe(2);
        },
        { timeout: 30_000, interval: 100 },
      );
      await finish(runId, "two");
      expect(await ended(id)).toMatchObject({ state: "answered", run_id: runId });
      expect(await server.sql("SELECT 1 FROM run WHERE user_id = '44'")).toHaveLength(1);
      expect(telegram.sent.filter(({ chatId, text }) => chatId === 44 && text === "two")).toHaveLength(1);
    } finally {
      await second.stop();
    }
  }, 60_000);
});

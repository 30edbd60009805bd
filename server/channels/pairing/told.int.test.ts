/** A pairing code and the message that tells it: both or neither, whatever fails or dies between them. */
import { afterAll, beforeAll, beforeEach, expect, it, vi } from "vitest";
import {
  BOT_TOKEN,
  messageUpdate,
  startFakeTelegram,
  type FakeTelegram,
} from "../../../tests/support/fake-telegram.ts";
import { startServer, type TestServer } from "../../../tests/support/server.ts";

const SECRET = "telegram-webhook-secret-0005";
const CODE = /\b[A-HJ-NP-Z2-9]{8}\b/;
/** Key of the advisory lock that the second test holds. */
const BETWEEN = 4711;

let telegram: FakeTelegram;
let server: TestServer;
let updateId = 0;

beforeAll(async () => {
  telegram = await startFakeTelegram();
  server = await startServer(`{
    channels: {
      tg: { connection: { type: "telegram", botToken: "${BOT_TOKEN}", webhookSecret: "${SECRET}", apiBase: "${telegram.apiBase}" } },
    },
  }`);
});
afterAll(async () => {
  await server.stop();
  await telegram.close();
});
beforeEach(async () => {
  telegram.sent.length = 0;
  await server.sql("TRUNCATE pairing_request");
});

/** A stranger's first word. */
async function write(from: number): Promise<void> {
  const answer = await fetch(`${server.url}/hooks/tg`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-telegram-bot-api-secret-token": SECRET },
    body: JSON.stringify(messageUpdate((updateId += 1), { from })),
  });
  expect(answer.status).toBe(200);
}

/** Runs `statement` before each reply is stored. */
async function beforeReplies(statement: string): Promise<void> {
  await server.sql(
    `CREATE FUNCTION in_between() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${statement}; RETURN NEW; END $$`,
  );
  await server.sql(
    "CREATE TRIGGER in_between BEFORE INSERT ON channel_reply FOR EACH ROW EXECUTE FUNCTION in_between()",
  );
}

interface Kept {
  codes: number;
  offered: number;
  state: string;
  attempt: number;
  held: boolean;
}

async function kept(): Promise<Kept> {
  const [row] = await server.sql<Omit<Kept, "offered">>(
    `SELECT (SELECT count(*)::int FROM pairing_request) AS codes, state, attempt, worker_id IS NOT NULL AS held
       FROM channel_delivery WHERE event_id = $1`,
    [`update:${updateId}`],
  );
  if (row === undefined) {
    throw new Error("not accepted");
  }
  return { ...row, offered: (await server.recorded("channel.pairing_offered")).length };
}

const WAIT = { timeout: 30_000, interval: 50 };

/** Once the stranger has been told: of one code, that is the one which is kept. */
async function expectToldOnce(offered: number): Promise<void> {
  await vi.waitFor(async () => expect(await kept()).toMatchObject({ state: "refused", codes: 1, offered }), WAIT);
  expect(telegram.sent.map(({ text }) => CODE.test(text))).toEqual([true]);
}

it("PAIRING-1 a reply that cannot be stored takes its code back; the next attempt tells the one that is kept", async () => {
  await beforeReplies("RAISE EXCEPTION 'no room'");
  await write(9101);
  await vi.waitFor(async () => expect(await kept()).toMatchObject({ attempt: 1, held: false }), WAIT);
  expect(await kept()).toMatchObject({ codes: 0, offered: 0, state: "working" });
  expect(telegram.sent).toEqual([]);
  await server.sql("DROP FUNCTION in_between CASCADE");
  await expectToldOnce(1);
});

it("PAIRING-1 kill -9 between the code and its reply leaves neither; the next server tells a code, once", async () => {
  const { length: before } = await server.recorded("channel.pairing_offered");
  await beforeReplies(`PERFORM pg_advisory_xact_lock(${BETWEEN})`);
  await server.sql("SELECT pg_advisory_lock($1)", [BETWEEN]);
  await write(9102);
  await vi.waitFor(
    async () =>
      expect(
        await server.sql("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = $1 AND NOT granted", [
          BETWEEN,
        ]),
      ).toHaveLength(1),
    WAIT,
  );
  const gone = new Promise((resolve) => server.process.once("exit", resolve));
  server.process.kill("SIGKILL");
  await gone;
  await server.sql("SELECT pg_advisory_unlock($1)", [BETWEEN]);
  expect(await kept()).toMatchObject({ codes: 0, offered: before, state: "working" });
  const second = await startServer(undefined, { sharing: server });
  try {
    await server.sql("UPDATE channel_delivery SET leased_until = now() WHERE event_id = $1", [`update:${updateId}`]);
    await expectToldOnce(before + 1);
  } finally {
    await second.stop();
  }
}, 60_000);

/** A stranger on a platform becomes a user, proves a command, has its run approved and hears its answer: a real server, a platform as it behaves. */
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { unlimitedGrantor } from "#server/access/index.ts";
import { decideApproval } from "#server/approvals/index.ts";
import { createAttemptLimiter } from "#server/auth/attempt-limiter.ts";
import { approvePairing } from "#server/channels/index.ts";
import { systemClock } from "#server/core/clock.ts";
import { createDb } from "#server/core/db/client.ts";
import { createPool } from "#server/core/db/pool.ts";
import { readPolicy } from "#server/access/index.ts";
import { beginUserFactor, confirmUserFactor, createUserFactorSeal } from "#server/step-up/index.ts";
import { loadPepper } from "#server/tokens/index.ts";
import {
  BOT_TOKEN,
  BOT_USERNAME,
  messageUpdate,
  startFakeTelegram,
  type FakeTelegram,
} from "../../../tests/support/fake-telegram.ts";
import { openTestKeyring } from "../../../tests/support/keyring.ts";
import { codeAt } from "../../../tests/support/members.ts";
import { announceEngine, startServer, type TestServer } from "../../../tests/support/server.ts";

const SECRET = "telegram-webhook-secret-0001";
const IN_DATABASE = { enabled: true, roles: undefined, users: undefined, channels: undefined };
const operator = unlimitedGrantor({ type: "operator", id: "test" });
const refusals = { record: () => Promise.resolve() };

let telegram: FakeTelegram;
let server: TestServer;
let pool: ReturnType<typeof createPool>;
let db: ReturnType<typeof createDb>;
let update = 500;

beforeAll(async () => {
  telegram = await startFakeTelegram();
  server = await startServer(`{
    security: {
      authorization: { stepUp: { commands: ["run"] } },
      sandboxing: { profiles: { careful: { approval: "required" } }, roles: { admin: ["careful"] } },
    },
    channels: { telegram: { connection: { type: "telegram", botToken: "${BOT_TOKEN}", webhookSecret: "${SECRET}", apiBase: "${telegram.apiBase}" } } },
  }`);
  await announceEngine(server);
  pool = createPool({ connectionString: server.database.appUrl, name: "test", max: 2 });
  db = createDb(pool);
});
afterAll(async () => {
  await db.$disconnect();
  await pool.end();
  await server.stop();
  await telegram.close();
});

/** Delivers a message and waits until it is worked off. @returns what the bot has said since, and how the delivery ended */
async function write(text: string, over: object = {}): Promise<{ said: string; state: string; reason: string | null }> {
  const before = telegram.sent.length;
  const id = (update += 1);
  const answer = await fetch(`${server.url}/hooks/telegram`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-telegram-bot-api-secret-token": SECRET },
    body: JSON.stringify(messageUpdate(id, { text, from: 77, ...over })),
  });
  expect(answer.status).toBe(200);
  return vi.waitFor(
    async () => {
      const [row] = await server.sql<{ state: string; reason: string | null }>(
        "SELECT state, reason FROM channel_delivery WHERE event_id = $1 AND finished_at IS NOT NULL",
        [`update:${id}`],
      );
      if (row === undefined) {
        throw new Error(`${id} has not ended`);
      }
      return { ...row, said: saidSince(before) };
    },
    { timeout: 20_000, interval: 50 },
  );
}

/** A command that names the bot, in a group. */
function inGroup(command: string): [string, object] {
  const text = `${command}@${BOT_USERNAME}`;
  const entities = [{ type: "bot_command", offset: 0, length: text.length }];
  return [text, { chat: -5, type: "group", more: { entities } }];
}

const saidSince = (before: number): string =>
  telegram.sent
    .slice(before)
    .map(({ body }) => String(body["text"]))
    .join("\n");

it("from a stranger's first word to the answer of an approved run", async () => {
  // In a group a stranger hears nothing; alone with the bot a code, and nothing else works.
  expect(await write(...inGroup("/help"))).toMatchObject({ said: "", state: "refused" });
  const first = await write("/status");
  const code = /\b[A-HJ-NP-Z2-9]{8}\b/.exec(first.said)?.[0] ?? "";
  expect(first).toMatchObject({ state: "refused", reason: "sender_unknown" });
  expect(first.said).not.toContain("Gateway: running");
  expect((await write("/help")).said).toBe("");

  const configFile = server.home.configFile;
  const attempts = createAttemptLimiter({ clock: systemClock });
  const deps = {
    db,
    clock: systemClock,
    configured: IN_DATABASE,
    configFile,
    pepper: loadPepper(server.home),
    attempts,
    refusals,
  };
  await approvePairing(
    deps,
    { grantor: operator, address: "local" },
    { channel: "telegram", code, userId: "ana", role: "admin" },
  );
  await vi.waitFor(async () => expect((await write("/status")).said).toContain("You: ana, role admin"), {
    timeout: 20_000,
  });
  // Approved for direct talk: a group's own lists still decide there.
  expect(await write(...inGroup("/status"))).toMatchObject({ said: "", reason: "user_not_allowed" });

  expect((await write("/run sh\necho hi")).said).toContain("users enrol-totp ana");
  const keyring = await openTestKeyring(server.home.keysDir);
  const policy = await readPolicy(pool, IN_DATABASE);
  const factors = { db, clock: systemClock, policy, userFactorSeal: createUserFactorSeal(keyring), attempts, refusals };
  const { uri } = await beginUserFactor(factors, operator, "ana");
  const seed = new URL(uri).searchParams.get("secret") ?? "";
  // Confirmed with the code before, so that the one that shows is still unused.
  await confirmUserFactor({ ...factors, clock: { now: () => Date.now() - 30_000 } }, operator, {
    userId: "ana",
    code: codeAt(seed, Date.now() - 30_000),
    address: "local",
  });
  expect((await write("/run sh\necho hi")).said).toContain("six digits");
  const waiting = await write(codeAt(seed, Date.now()));
  const approvalId = /apr_[0-9a-z]+/.exec(waiting.said)?.[0] ?? "none";
  expect(waiting).toMatchObject({ state: "answered" });
  expect(await server.sql("SELECT 1 FROM run")).toEqual([]);

  const before = telegram.sent.length;
  const row = await db.runApproval.findUniqueOrThrow({ where: { id: approvalId } });
  const identity = { userId: null, principalId: null, ownerId: null, boundUserId: null, memberId: "mem_x" };
  const by = {
    actor: { type: "member" as const, id: "mem_x" },
    address: undefined,
    person: { identity, policy: { users: new Map() } },
  };
  await decideApproval({ db, clock: systemClock, keyring, refusals }, by, {
    id: approvalId,
    approve: true,
    sha256: Buffer.from(row.sha256).toString("hex"),
  });
  const runId = await vi.waitFor(
    async () => {
      const { runId: started } = await db.runApproval.findUniqueOrThrow({ where: { id: approvalId } });
      expect(started).toMatch(/^run_/);
      return started ?? "";
    },
    { timeout: 20_000, interval: 50 },
  );
  await server.sql("UPDATE run SET state = 'running' WHERE id = $1", [runId]);
  // What is asked while it goes on is answered before it.
  expect((await write("/status")).said).toContain("Gateway: running");
  const meanwhile = telegram.sent.length;
  expect(meanwhile).toBe(before + 1);
  await server.sql(
    "UPDATE run SET state = 'succeeded', reason = 'exit', exit_code = 0, stdout = E'hi\\n' WHERE id = $1",
    [runId],
  );
  await server.sql("SELECT pg_notify('openclaw_run', $1)", [JSON.stringify({ runId })]);
  await vi.waitFor(() => expect(saidSince(meanwhile)).toBe("hi"), { timeout: 20_000, interval: 50 });
  await vi.waitFor(
    async () =>
      expect(await server.sql("SELECT state, run_id FROM channel_delivery WHERE id = $1", [approvalId])).toEqual([
        { state: "answered", run_id: runId },
      ]),
    { timeout: 20_000, interval: 50 },
  );

  // One that is turned down is told as well.
  await server.sql("UPDATE user_factor SET last_step = NULL");
  await write("/run sh\necho no");
  const second = /apr_[0-9a-z]+/.exec((await write(codeAt(seed, Date.now()))).said)?.[0] ?? "none";
  const { sha256 } = await db.runApproval.findUniqueOrThrow({ where: { id: second } });
  const told = telegram.sent.length;
  await decideApproval({ db, clock: systemClock, keyring, refusals }, by, {
    id: second,
    approve: false,
    sha256: Buffer.from(sha256).toString("hex"),
  });
  await vi.waitFor(() => expect(saidSince(told)).toContain("was turned down"), { timeout: 20_000, interval: 50 });
});

it("over the API the answer is 202, and where to follow", async () => {
  const { token } = await server.token({ name: "asker" });
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const body = JSON.stringify({ language: "sh", code: "true" });
  const asked = await fetch(`${server.url}/api/v1/runs`, { method: "POST", headers, body });
  const { approvalId, follow } = (await asked.json()) as { approvalId: string; follow: string };
  expect(asked.status).toBe(202);
  expect(asked.headers.get("location")).toBe(follow);
  const read = await fetch(`${server.url}${follow}`, { headers });
  expect(await read.json()).toMatchObject({ id: approvalId, state: "pending", runId: null });
  const { token: other } = await server.token({ name: "other", role: "user" });
  const foreign = await fetch(`${server.url}${follow}`, { headers: { authorization: `Bearer ${other}` } });
  expect(foreign.status).toBe(404);
});

/** What agents remember, from the message to the stored run, on a real database with the server's rights. The runs' ends are in tests/memory.int.test.ts. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startChat, type Chat, type Writer } from "../../tests/support/chat.ts";
import { deleteUser, unlimitedGrantor } from "#server/access/index.ts";
import { isSameRequest, sealContent, type ApprovalContent } from "#server/approvals/content.ts";
import { withTx } from "#server/core/db/with-tx.ts";
import { startApproved } from "#server/gateway/approvals/start.ts";
import { forgetOldTurns } from "#server/memory/forget.ts";
import { forgetUser } from "#server/memory/index.ts";
import type { Turn } from "#server/sandbox/schema.ts";

const HOUR = 3_600_000;
const configOf = (memory: string, sandboxing = "") => `{
  security: { apiKeys: { openai: "sk-test-0000000000000000" }, rateLimit: { enabled: false }, sandboxing: { ${sandboxing} } },
  agents: { default: { ${memory} }, other: { memory: { turns: 2 } } } }`;
const CONFIG = configOf('memory: { turns: 2, retention: "2h" }');
const ana: Writer = { userId: "ana" };

let chat: Chat;

beforeAll(async () => {
  chat = await startChat(CONFIG);
});
afterAll(() => chat.close());
beforeEach(async () => {
  chat.services.clock.time += 3 * HOUR;
  chat.configure(CONFIG);
  await chat.services.asOwner(
    `TRUNCATE conversation_turn, run_approval; DELETE FROM run; DELETE FROM gateway_user;
     INSERT INTO gateway_user (id, role_name) VALUES ('ana', 'admin'), ('bob', 'admin')`,
  );
  await chat.services.policy.reload();
});

let count = 0;

/** An exchange as the worker stores it. */
async function said(user: string, assistant: string, where: Record<string, string> = {}): Promise<void> {
  const { clock, runSeal } = chat.services;
  const at = { channel: "telegram", conversation_id: "chat-1", user_id: "ana", agent: "default", ...where };
  const { channel, conversation_id, user_id, agent } = at;
  count += 1;
  for (const [role, text] of Object.entries({ user, assistant })) {
    const id = `trn_${role}${count}`;
    await chat.services.asOwner(
      `INSERT INTO conversation_turn (id, channel, conversation_id, user_id, agent, role, text, run_id, created_at) VALUES
       ('${id}', '${channel}', '${conversation_id}', '${user_id}', '${agent}', '${role}', '${runSeal.sealTurn(id, text)}', 'run_${count}',
        '${new Date(clock.now()).toISOString()}')`,
    );
  }
  clock.time += 1000;
}

/** What goes with the run of a question. */
async function historyOf(runId: string | null): Promise<Turn[]> {
  const { history } = await chat.services.db.run.findUniqueOrThrow({ where: { id: runId ?? "" } });
  return history === null
    ? []
    : (JSON.parse(chat.services.runSeal.openText("history", runId ?? "", history)) as Turn[]);
}
const ask = async (writer: Writer, text = "and now?") => historyOf((await chat.say(writer, text)).runId);
const contents = (turns: Turn[]) => turns.map(({ content }) => content);

describe("what goes with a question", () => {
  it("is the newest turns of the same sender, place and agent, and is sealed", async () => {
    await said("first question", "first answer");
    await said("memory-canary", "second answer");
    await said("third question", "third answer");
    await said("of another agent", "x", { agent: "other" });
    const turns = await ask(ana);
    expect(contents(turns)).toEqual(["memory-canary", "second answer", "third question", "third answer"]);
    expect(turns.map(({ role }) => role)).toEqual(["user", "assistant", "user", "assistant"]);
    expect(await chat.everything()).not.toContain("memory-canary");
    expect(contents(await ask(ana, "@other hello"))).toEqual(["of another agent", "x"]);
  });

  it.each<[string, Writer]>([
    ["another user in the same group", { userId: "bob" }],
    ["another conversation", { ...ana, conversationId: "chat-2" }],
    ["another channel", { ...ana, channel: "whatsapp" }],
  ])("is nothing for %s", async (_, writer) => {
    await said("mine", "yours");
    expect(await ask(writer)).toEqual([]);
    expect(contents(await ask(ana))).toEqual(["mine", "yours"]);
  });

  it("over the API is the token's own, for itself and for each user apart", async () => {
    await said("as ana", "1", { channel: "api", conversation_id: "token:t" });
    await said("as itself", "2", { channel: "api", conversation_id: "token:t", user_id: "" });
    await said("by another token", "3", { channel: "api", conversation_id: "token:u" });
    expect(contents(await historyOf((await chat.call("ana", "hi")).runId))).toEqual(["as ana", "1"]);
    expect(contents(await historyOf((await chat.call(null, "hi")).runId))).toEqual(["as itself", "2"]);
    expect(await historyOf((await chat.call("bob", "hi")).runId)).toEqual([]);
  });

  it("is nothing that is too old, and nothing for an agent without memory, whose run keeps nothing either", async () => {
    await said("old", "gone");
    chat.services.clock.time += 2 * HOUR;
    expect(await ask(ana)).toEqual([]);
    await said("new", "there");
    chat.configure(configOf(""));
    const { runId } = await chat.say(ana, "and now?");
    const run = await chat.services.db.run.findUniqueOrThrow({ where: { id: runId ?? "" } });
    expect(run).toMatchObject({ history: null, conversationId: null });
  });

  it("ends where a turn cannot be read, or was moved to another row", async () => {
    await said("unreadable", "x");
    await said("moved", "y");
    await said("whole", "z");
    const [assistant, user] = [`trn_assistant${count - 1}`, `trn_user${count - 1}`];
    await chat.services.asOwner(
      `UPDATE conversation_turn t SET text = (SELECT text FROM conversation_turn WHERE id = '${user}') WHERE id = '${assistant}'`,
    );
    expect(contents(await ask(ana))).toEqual(["whole", "z"]);
  });

  it("is gone from the run's row when the run has ended, whichever way", async () => {
    await said("mine", "yours");
    for (const [before, after] of [
      ["running", "succeeded"],
      ["running", "failed"],
      ["queued", "cancelled"],
    ]) {
      const { runId } = await chat.say(ana, "and now?");
      expect(await historyOf(runId)).toHaveLength(2);
      await chat.services.asOwner(`UPDATE run SET state = '${before}' WHERE id = '${runId}'`);
      expect(await historyOf(runId)).toHaveLength(2);
      await chat.services.asOwner(`UPDATE run SET state = '${after}' WHERE id = '${runId}'`);
      expect(await historyOf(runId)).toEqual([]);
    }
  });
});

describe("with an approval", () => {
  it("CVE-2026-28363: what is approved holds the earlier turns, shows them, and runs with exactly those", async () => {
    const memory = 'memory: { turns: 2, retention: "2h" }';
    chat.configure(configOf(memory, 'profiles: { careful: { approval: "required" } }, roles: { admin: ["careful"] }'));
    await said("earlier question", "earlier \u202eanswer");
    const { text } = await chat.say(ana, "and now?");
    const id = /apr_[0-9a-z]+/.exec(text)?.[0] ?? "none";
    const shown = (await chat.say({ userId: "bob" }, `/approve ${id}`)).text;
    expect(shown).toContain('user: "earlier question"');
    expect(shown).toContain("earlier ⟨U+202E⟩answer");
    // What comes later is no part of it.
    await said("later", "x");
    const hash = new RegExp(`/approve ${id} ([0-9a-f]{8})`).exec(shown)?.[1] ?? "none";
    expect((await chat.say({ userId: "bob" }, `/approve ${id} ${hash}`)).text).toMatch(/is approved/);
    await chat.services.asOwner(
      "INSERT INTO channel_identity (channel, sender_id, user_id, approved_by) VALUES ('telegram', 'ana-1', 'ana', 'test') ON CONFLICT DO NOTHING",
    );
    await chat.services.identities.reload();
    const runId = await startApproved(chat.services, id, () => Promise.resolve());
    expect(contents(await historyOf(runId))).toEqual(["earlier question", "earlier \u202eanswer"]);
    const run = await chat.services.db.run.findUniqueOrThrow({ where: { id: runId ?? "" } });
    expect(run.conversationId).toBe("chat-1");
  });
});

it("a request that is repeated with its key is the same one though more is remembered since, and other words are not", () => {
  const { keyring } = chat.services;
  const history: Turn[] = [{ role: "user", content: "a" }];
  const asked: ApprovalContent = {
    command: "ask",
    language: "agent",
    code: "and now?",
    profile: "careful",
    agent: "default",
    model: null,
    outputs: [],
    conversationId: "chat-1",
    history,
    files: [],
  };
  const stored = { id: "apr_1", ...sealContent(keyring, "apr_1", asked) };
  expect(isSameRequest(keyring, stored, { ...asked, history: [] })).toBe(true);
  expect(isSameRequest(keyring, stored, { ...asked, code: "and then?" })).toBe(false);
  expect(isSameRequest(keyring, stored, { ...asked, conversationId: "chat-2" })).toBe(false);
  expect(sealContent(keyring, "apr_1", { ...asked, history: [] }).sha256).not.toEqual(stored.sha256);
});

describe("forgetting", () => {
  const left = async () => (await chat.services.db.conversationTurn.findMany()).length;

  it("/forget takes back the sender's own turns of this conversation, with all agents, and is on record as a number", async () => {
    await said("mine", "1");
    await said("with another agent", "2", { agent: "other" });
    await said("elsewhere", "3", { conversation_id: "chat-2" });
    await said("of another", "4", { user_id: "bob" });
    const { runId } = await chat.say(ana, "under way");
    const { runId: elsewhere } = await chat.say({ ...ana, conversationId: "chat-2" }, "under way");
    expect((await chat.say(ana, "/forget")).text).toBe("Forgotten: 4 messages, yours and the answers.");
    expect(await left()).toBe(4);
    const events = (await chat.services.recorded()).filter(({ event }) => event === "conversation.forgotten");
    expect(events.at(-1)).toMatchObject({ outcome: "ok", data: { turns: 4 } });
    expect(await ask(ana)).toEqual([]);
    // What was asked before is not remembered afterwards.
    const places = await chat.services.db.run.findMany({ where: { id: { in: [runId ?? "", elsewhere ?? ""] } } });
    expect(new Map(places.map(({ id, conversationId }) => [id, conversationId]))).toEqual(
      new Map([
        [runId, null],
        [elsewhere, "chat-2"],
      ]),
    );
    expect((await chat.say(ana, "/forget")).text).toBe("There is nothing to forget here.");
    expect((await chat.say(ana, "/help")).text).toContain("/forget");
  });

  it("is open to the built-in role of everybody who may ask", async () => {
    await said("mine", "1", { user_id: "uma" });
    expect((await chat.say({ userId: "uma", role: "user" }, "/forget")).text).toMatch(/^Forgotten: 2 messages/);
    expect((await chat.say({ userId: "rea", role: "readonly" }, "/forget")).reason).toBe("command_not_in_role");
  });

  it("goes with the user's record", async () => {
    await said("mine", "1");
    await said("elsewhere", "2", { channel: "slack" });
    await said("of another", "3", { user_id: "bob" });
    const { db, clock } = chat.services;
    const configured = { enabled: true, roles: undefined, users: undefined, channels: undefined };
    await deleteUser(
      { db, clock, configured, configFile: "test" },
      unlimitedGrantor({ type: "operator", id: "test" }),
      "ana",
    );
    expect((await db.conversationTurn.findMany()).map(({ userId }) => userId)).toEqual(["bob", "bob"]);
    await withTx(db, (tx) => forgetUser(tx, "bob"));
    expect(await left()).toBe(0);
  });

  it("by time is for each agent as it is configured, and 30 days where it remembers no more; in batches", async () => {
    await said("old", "1");
    await said("kept longer", "2", { agent: "other" });
    chat.services.clock.time += 2 * HOUR;
    await said("new", "3");
    await chat.services.asOwner(
      `INSERT INTO conversation_turn (id, channel, conversation_id, user_id, agent, role, text, run_id, created_at)
       SELECT 'trn_many' || n, 'api', 'p', 'ana', 'default', 'user', 'x', 'many' || n, '2026-01-01' FROM generate_series(1, 2500) AS n`,
    );
    const retentionOf = (agent: string) => (agent === "default" ? 2 * HOUR : undefined);
    expect(await forgetOldTurns(chat.services, retentionOf, () => true)).toBe(0);
    expect(await forgetOldTurns(chat.services, retentionOf, () => false)).toBe(2502);
    const kept = await chat.services.db.conversationTurn.findMany({
      where: { role: "user" },
      orderBy: { createdAt: "asc" },
    });
    expect(kept.map((row) => chat.services.runSeal.openTurn(row, row.text))).toEqual(["kept longer", "new"]);
    chat.services.clock.time += 31 * 24 * HOUR;
    expect(await forgetOldTurns(chat.services, retentionOf, () => false)).toBe(4);
  });
});

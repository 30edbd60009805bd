/** Runs that somebody else has to allow, from the message to the run, on a real database. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startChat, type Chat } from "../../../tests/support/chat.ts";
import { callerOf, memberSession } from "../../../tests/support/console-caller.ts";
import { messageOf } from "#server/core/errors.ts";
import { openNotifyHub, type NotifyHub } from "#server/core/db/notify.ts";
import { openApprovalRunner } from "#server/gateway/approvals/runner.ts";
import { startApproved, type FollowUp } from "#server/gateway/approvals/start.ts";
import type { AppServices } from "#server/services.ts";

const CONFIG = `{ security: { rateLimit: { enabled: false },
  sandboxing: { profiles: { careful: { approval: "required" } }, roles: { admin: ["careful"] } } } }`;
const RUN = "/run sh\necho approval-canary";
const ana = { userId: "ana" };
const bob = { userId: "bob" };

let chat: Chat;
let hub: NotifyHub;
const told: FollowUp[] = [];
const tell = (said: FollowUp): Promise<void> => {
  told.push(said);
  return Promise.resolve();
};

beforeAll(async () => {
  chat = await startChat(CONFIG);
  const { pool, log } = chat.services;
  hub = await openNotifyHub(pool.options.connectionString ?? "", "test", log);
});
afterAll(async () => {
  await hub.close();
  await chat.close();
});

beforeEach(async () => {
  const { services } = chat;
  services.clock.time += 3 * 3_600_000;
  told.length = 0;
  chat.configure(CONFIG);
  await services.asOwner(
    `TRUNCATE run_approval, channel_identity; DELETE FROM run; DELETE FROM gateway_user; DELETE FROM channel_policy; DELETE FROM role WHERE NOT builtin;
     INSERT INTO gateway_user (id, role_name) VALUES ('ana', 'admin'), ('bob', 'admin'), ('uma', 'user');
     INSERT INTO channel_identity (channel, sender_id, user_id, approved_by) VALUES ('telegram', 'ana-1', 'ana', 'test')`,
  );
  await services.policy.reload();
  await services.identities.reload();
});

const console_ = (permissions = ["runs:approve"], id = "boss") =>
  callerOf(chat.services as unknown as AppServices, memberSession(id, { role: "admin", permissions })).approvals;
const start = (id: string) => startApproved(chat.services, id, tell);
const recorded = async (name: string) => (await chat.services.recorded()).filter(({ event }) => event === name);
const stateOf = async (id: string) => chat.services.db.runApproval.findUniqueOrThrow({ where: { id } });

/** Asks for a run. @returns the approval and the beginning of its hash. */
async function ask(text = RUN): Promise<{ id: string; hash: string }> {
  const said = await chat.say(ana, text);
  const id = /apr_[0-9a-z]+/.exec(said.text)?.[0] ?? "none";
  return {
    id,
    hash: Buffer.from((await stateOf(id)).sha256)
      .toString("hex")
      .slice(0, 8),
  };
}

describe("a run whose profile asks for approval", () => {
  it("waits, is read by somebody else, and then is exactly what was stored", async () => {
    const { id, hash } = await ask();
    expect(await chat.services.db.run.count()).toBe(0);
    expect((await chat.say(bob, "/approve")).text).toContain(id);
    const shown = (await chat.say(bob, `/approve ${id}`)).text;
    expect(shown).toContain("echo approval-canary");
    expect(shown).toContain(`/approve ${id} ${hash}`);
    expect((await chat.say(bob, `/approve ${id} ${hash}`)).text).toMatch(/is approved/);
    const runId = await start(id);
    const run = await chat.services.db.run.findUniqueOrThrow({ where: { id: runId ?? "" } });
    expect(chat.services.runSeal.openText("code", run.id, run.code)).toBe("echo approval-canary");
    expect(run).toMatchObject({
      userId: "ana",
      profile: "careful",
      channel: "telegram",
      idempotencyKey: id,
      language: "sh",
    });
    expect(await stateOf(id)).toMatchObject({ state: "started", runId, decidedBy: "user:bob" });
    expect((await recorded("run.approval_granted")).length).toBeGreaterThan(0);
  });

  it("of 20 approvals at once one counts, and it is started once", async () => {
    const { id, hash } = await ask();
    const said = await Promise.all(Array.from({ length: 20 }, () => chat.say(bob, `/approve ${id} ${hash}`)));
    expect(said.filter(({ reason }) => reason === null)).toHaveLength(1);
    const started = await Promise.all(Array.from({ length: 20 }, () => start(id)));
    expect(new Set(started.filter((runId) => runId !== null)).size).toBe(1);
    expect(await chat.services.db.run.count()).toBe(1);
  });

  it("is approved by nobody who asked, and by nobody who may not", async () => {
    const { id, hash } = await ask();
    expect(await chat.say(ana, `/approve ${id} ${hash}`)).toMatchObject({
      text: expect.stringMatching(/themselves/) as string,
    });
    // The same person from another place, and over the API.
    expect((await chat.say({ ...ana, channel: "whatsapp", senderId: "w" }, `/approve ${id} ${hash}`)).text).toMatch(
      /themselves/,
    );
    expect((await chat.call("ana", `/approve ${id} ${hash}`)).text).toMatch(/themselves/);
    expect(await chat.say({ userId: "uma" }, `/approve ${id} ${hash}`)).toMatchObject({
      reason: "command_not_in_role",
    });
    await expect(console_(["runs:read_all"]).decide({ id, approve: true, sha256: hash })).rejects.toThrow(
      /runs:approve/,
    );
    expect(await stateOf(id)).toMatchObject({ state: "pending" });
    expect((await recorded("run.approval_rejected")).map(({ reason }) => reason)).toContain("own_request");
  });

  describe("APPROVAL-2: one person is not two", () => {
    const bind = async (user: string, member: string) => {
      await chat.services.asOwner(`UPDATE gateway_user SET member_id = '${member}' WHERE id = '${user}'`);
      await chat.services.policy.reload();
    };
    const asked = async (said: Promise<{ text: string }>): Promise<{ id: string; sha256: string }> => {
      const id = /apr_[0-9a-z]+/.exec((await said).text)?.[0] ?? "none";
      return { id, sha256: Buffer.from((await stateOf(id)).sha256).toString("hex") };
    };
    const inConsole = (id: string) => async (of: { id: string; sha256: string }) => {
      const decided = console_(["runs:approve"], id).decide({ ...of, approve: true });
      return decided.then(() => "approved", messageOf);
    };
    const inChat = (user: string) => async (of: { id: string; sha256: string }) =>
      (await chat.say({ userId: user }, `/approve ${of.id} ${of.sha256}`)).text;
    const byToken =
      (family: string, owner: string, user: string | null) => async (of: { id: string; sha256: string }) =>
        (await chat.call(user, `/approve ${of.id} ${of.sha256}`, { family, owner })).text;
    const token = (family: string, owner: string, user: string | null = null) =>
      chat.call(user, RUN, { family, owner });
    type Decide = (of: { id: string; sha256: string }) => Promise<string>;

    it.each<[string, () => Promise<{ text: string }>, Decide, string]>([
      ["chat → chat, the same member", () => chat.say(ana, RUN), inChat("bob"), "same_member"],
      ["chat → console, the member bound to who asked", () => chat.say(ana, RUN), inConsole("mem_a"), "same_member"],
      ["token → console, the member who owns it", () => token("one", "mem_a"), inConsole("mem_a"), "same_member"],
      ["token → console, owned by the member's user", () => token("one", "ana"), inConsole("mem_a"), "same_member"],
      ["token → token of one member", () => token("one", "mem_z"), byToken("two", "mem_z", null), "same_member"],
      ["token → token of the operator", () => token("one", "operator"), byToken("two", "operator", null), "same_owner"],
      ["token → chat, the user who owns it", () => token("one", "uma"), inChat("uma"), "same_owner"],
    ])("%s: refused, and on record", async (_, ask_, decide, reason) => {
      await bind("ana", "mem_a");
      await bind("bob", "mem_a");
      await chat.services.asOwner("UPDATE gateway_user SET role_name = 'admin'");
      await chat.services.policy.reload();
      const of = await asked(ask_());
      const before = (await recorded("run.approval_rejected")).length;
      expect(await decide(of)).toMatch(/^Nobody approves what they asked for themselves, and .* Somebody else/);
      expect(await stateOf(of.id)).toMatchObject({ state: "pending", decidedBy: null });
      const refusals = await recorded("run.approval_rejected");
      expect(refusals.slice(before).map((refusal) => refusal.reason)).toEqual([reason]);
    });

    it.each<[string, () => Promise<{ text: string }>, Decide]>([
      ["chat → chat", () => chat.say(ana, RUN), inChat("bob")],
      ["chat → console", () => chat.say(ana, RUN), inConsole("mem_b")],
      ["token → console", () => token("one", "mem_a"), inConsole("mem_b")],
      ["token → token", () => token("one", "mem_a"), byToken("two", "mem_b", null)],
      ["the operator's tokens of two users", () => token("one", "operator", "ana"), byToken("two", "operator", "bob")],
    ])("%s of two people: approved", async (_, ask_, decide) => {
      await bind("ana", "mem_a");
      await bind("bob", "mem_b");
      const of = await asked(ask_());
      expect(await decide(of)).toMatch(/approved/);
      expect(await stateOf(of.id)).toMatchObject({ state: "approved" });
    });

    it("who was the same member when they asked stays it, whatever the record of the user says since", async () => {
      await bind("ana", "mem_a");
      const of = await asked(chat.say(ana, RUN));
      await chat.services.asOwner("UPDATE gateway_user SET member_id = NULL");
      await chat.services.policy.reload();
      expect(await inConsole("mem_a")(of)).toMatch(/same console member/);
      expect(await stateOf(of.id)).toMatchObject({ state: "pending" });
    });

    it("and may turn down what they asked for", async () => {
      await bind("ana", "mem_a");
      const of = await asked(chat.say(ana, RUN));
      await console_(["runs:approve"], "mem_a").decide({ ...of, approve: false });
      expect(await stateOf(of.id)).toMatchObject({ state: "refused" });
    });
  });

  it("CVE-2026-28363: whoever read something else approves nothing; what cannot be seen is written out", async () => {
    const { id, hash } = await ask("/run sh\necho a\u202eb");
    const other = hash === "00000000" ? "00000001" : "00000000";
    expect((await chat.say(bob, `/approve ${id} ${other}`)).text).toMatch(/not what you read/);
    expect((await chat.say(bob, `/approve ${id} ${hash.slice(0, 7)}`)).text).toMatch(/first eight digits/);
    const detail = await console_().detail({ id });
    expect(detail).toMatchObject({ text: "echo a⟨U+202E⟩b", hidden: 1 });
    await console_().decide({ id, approve: true, sha256: detail.sha256 });
    const run = await chat.services.db.run.findUniqueOrThrow({ where: { id: (await start(id)) ?? "" } });
    expect(chat.services.runSeal.openText("code", run.id, run.code)).toBe("echo a\u202eb");
  });

  it("CVE-2026-28363: stored bytes that were changed or moved after the approval do not run", async () => {
    const first = await ask();
    const second = await ask("/run sh\necho other");
    await console_().decide({ id: first.id, approve: true, sha256: first.hash });
    await chat.services.asOwner(
      `UPDATE run_approval a SET content = b.content, sha256 = b.sha256 FROM run_approval b WHERE a.id = '${first.id}' AND b.id = '${second.id}'`,
    );
    expect(await start(first.id)).toBeNull();
    expect(await stateOf(first.id)).toMatchObject({ state: "failed", reason: "cannot_decrypt" });
    expect(await chat.services.db.run.count()).toBe(0);
  });

  it.each<[string, string, string]>([
    ["a lesser role", "UPDATE gateway_user SET role_name = 'readonly' WHERE id = 'ana'", "command_not_in_role"],
    ["no identity any more", "DELETE FROM channel_identity", "requester_gone"],
    [
      "a blocked sender",
      "INSERT INTO channel_policy (channel, blocked_users) VALUES ('telegram', '{ana-1}')",
      "requester_gone",
    ],
    [
      "a blocked user",
      "INSERT INTO channel_policy (channel, blocked_users) VALUES ('telegram', '{ana}')",
      "user_blocked",
    ],
  ])("decides again about the requester as they are then: %s", async (_, change, reason) => {
    const { id, hash } = await ask();
    await chat.say(bob, `/approve ${id} ${hash}`);
    await chat.services.asOwner(change);
    await chat.services.policy.reload();
    await chat.services.identities.reload();
    expect(await start(id)).toBeNull();
    expect(await stateOf(id)).toMatchObject({ state: "failed", reason });
    expect((await recorded("run.approval_failed")).at(-1)?.reason).toBe(reason);
    expect(await chat.services.db.run.count()).toBe(0);
  });

  it("a profile that the role may use no more does not run", async () => {
    const { id, hash } = await ask();
    await chat.say(bob, `/approve ${id} ${hash}`);
    chat.configure("{ security: { rateLimit: { enabled: false } } }");
    expect(await start(id)).toBeNull();
    expect(await stateOf(id)).toMatchObject({ state: "failed", reason: "profile_not_allowed" });
  });

  it("turned down or late it is over, and whoever asked may take it back", async () => {
    const denied = await ask();
    expect((await chat.say(ana, `/deny ${denied.id} ${denied.hash}`)).text).toMatch(/turned down/);
    expect((await chat.say(bob, `/approve ${denied.id} ${denied.hash}`)).text).toMatch(/waits no more/);
    const late = await ask();
    chat.services.clock.time += 3_600_000;
    expect((await chat.say(bob, `/approve ${late.id} ${late.hash}`)).text).toMatch(/waits no more/);
    expect(await start(late.id)).toBeNull();
  });

  it("is started by the server that hears of it, also of one approved while it was down", async () => {
    const before = await ask();
    await console_().decide({ id: before.id, approve: true, sha256: before.hash });
    const runner = await openApprovalRunner(chat.services, hub, tell);
    try {
      await expect.poll(async () => (await stateOf(before.id)).state).toBe("started");
      const after = await ask("/run sh\necho later");
      await console_().decide({ id: after.id, approve: true, sha256: after.hash });
      await expect.poll(async () => (await stateOf(after.id)).state).toBe("started");
    } finally {
      await runner.close();
    }
  });

  it("keeps the program sealed", async () => {
    await ask();
    const stored = await chat.everything();
    expect(stored).not.toContain("approval-canary");
    expect(stored).not.toContain(Buffer.from("approval-canary").toString("hex"));
  });
});

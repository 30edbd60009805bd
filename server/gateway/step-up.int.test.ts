/** Commands that ask for a code, from the message to the run, on a real database. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { callerOf, memberSession } from "../../tests/support/console-caller.ts";
import { startChat, type Chat } from "../../tests/support/chat.ts";
import { codeAt } from "../../tests/support/members.ts";
import type { AppServices } from "#server/services.ts";
import { createStepUp } from "#server/step-up/index.ts";

const CONFIG = (more: string) =>
  `{ security: { rateLimit: { enabled: false }, authorization: { stepUp: { commands: ["/RUN"], ${more} } } } }`;
const RUN = "/run sh\necho held-canary";
const ana = { userId: "ana" };

let chat: Chat;
let seed: string;

beforeAll(async () => {
  chat = await startChat(CONFIG(""));
});
afterAll(() => chat.close());

const console_ = (permissions: string[] = ["*"]) =>
  callerOf(chat.services as unknown as AppServices, memberSession("boss", { role: "admin", permissions }));
const code = (): string => codeAt(seed, chat.services.clock.now());
const wrong = (): string => (code() === "000000" ? "000001" : "000000");
const recorded = async (name: string) => (await chat.services.recorded()).filter(({ event }) => event === name);
const runs = () => chat.services.db.run.count();

beforeEach(async () => {
  const { services } = chat;
  services.clock.time += 3 * 3_600_000;
  chat.configure(CONFIG(""));
  await services.asOwner(
    "TRUNCATE user_factor, held_message, sender_proof; DELETE FROM run; DELETE FROM gateway_user; INSERT INTO gateway_user (id, role_name) VALUES ('ana', 'admin'), ('bob', 'admin')",
  );
  await services.policy.reload();
  const { uri } = await console_().chatFactors.begin({ userId: "ana" });
  seed = new URL(uri).searchParams.get("secret") ?? "";
  await console_().chatFactors.confirm({ userId: "ana", code: code() });
  services.clock.time += 30_000;
});

describe("a command that asks for a code", () => {
  it("waits, and the right code executes exactly what was held", async () => {
    const asked = await chat.say(ana, RUN);
    expect(asked).toMatchObject({ runId: null, text: expect.stringMatching(/six digits/) as string });
    expect(await runs()).toBe(0);
    const done = await chat.say(ana, `${code().slice(0, 3)} ${code().slice(3)}`);
    expect(done.runId).toMatch(/^run_/);
    const run = await chat.services.db.run.findUniqueOrThrow({ where: { id: done.runId ?? "" } });
    expect(chat.services.runSeal.openText("code", run.id, run.code)).toBe("echo held-canary");
    expect(run).toMatchObject({ language: "sh", userId: "ana", channel: "telegram" });
    expect((await recorded("message.code_accepted")).length).toBeGreaterThan(0);
  });

  it("takes /code too, and survives a restart in between", async () => {
    await chat.say(ana, RUN);
    const { db, clock, keyring, userFactorSeal, attempts } = chat.services;
    chat.services.stepUp = createStepUp({ db, clock, keyring, factorSeal: userFactorSeal, attempts });
    expect((await chat.say(ana, `/code ${code()}`)).runId).toMatch(/^run_/);
  });

  it("asks every time, and a code is good once", async () => {
    await chat.say(ana, RUN);
    const used = code();
    expect((await chat.say(ana, used)).runId).toMatch(/^run_/);
    expect((await chat.say(ana, RUN)).text).toMatch(/six digits/);
    expect(await chat.say(ana, used)).toMatchObject({ runId: null, reason: "code_wrong" });
    chat.services.clock.time += 30_000;
    expect((await chat.say(ana, code())).runId).toMatch(/^run_/);
  });

  it("of 20 right codes at once one executes", async () => {
    await chat.say(ana, RUN);
    const right = code();
    const said = await Promise.all(Array.from({ length: 20 }, () => chat.say(ana, right)));
    expect(said.filter(({ runId }) => runId !== null)).toHaveLength(1);
    expect(await runs()).toBe(1);
  });

  it("executes nothing for another sender, another place, or after five minutes", async () => {
    await chat.say(ana, RUN);
    for (const other of [
      { userId: "bob" },
      { ...ana, senderId: "ana-2" },
      { ...ana, conversationId: "chat-2" },
      { ...ana, threadId: "t" },
      { ...ana, channel: "whatsapp" },
    ]) {
      expect((await chat.say(other, `/code ${code()}`)).runId).toBeNull();
    }
    chat.services.clock.time += 5 * 60_000;
    expect(await chat.say(ana, code())).toMatchObject({ runId: null, reason: "nothing_held" });
    expect(await runs()).toBe(0);
  });

  it("a later message takes the place of what waited", async () => {
    await chat.say(ana, RUN);
    await chat.say(ana, "/run sh\necho second");
    const { runId } = await chat.say(ana, code());
    const run = await chat.services.db.run.findUniqueOrThrow({ where: { id: runId ?? "" } });
    expect(chat.services.runSeal.openText("code", run.id, run.code)).toBe("echo second");
    expect(await runs()).toBe(1);
  });

  it("counts wrong codes for the person, wherever they are written", async () => {
    await chat.say(ana, RUN);
    for (let n = 0; n < 6; n += 1) {
      expect(await chat.say(ana, wrong())).toMatchObject({ reason: "code_wrong" });
    }
    expect(await chat.say(ana, code())).toMatchObject({ reason: "locked_out" });
    const elsewhere = { ...ana, channel: "whatsapp", senderId: "w-1" };
    await chat.say(elsewhere, RUN);
    expect(await chat.say(elsewhere, code())).toMatchObject({ reason: "locked_out" });
    expect(await runs()).toBe(0);
    chat.services.clock.time += 31_000;
    expect((await chat.say(ana, code())).runId).toMatch(/^run_/);
  });

  it("decides again when the code comes: a role that was taken away executes nothing", async () => {
    await chat.say(ana, RUN);
    await chat.services.asOwner("UPDATE gateway_user SET role_name = 'readonly' WHERE id = 'ana'");
    await chat.services.policy.reload();
    expect(await chat.say(ana, code())).toMatchObject({ runId: null, reason: "command_not_in_role" });
    expect(await runs()).toBe(0);
  });

  it("is refused without an authenticator, with the way to one", async () => {
    const refused = await chat.say({ userId: "bob" }, RUN);
    expect(refused).toMatchObject({
      reason: "no_factor",
      text: expect.stringContaining("users enrol-totp bob") as string,
    });
    expect(await chat.services.db.heldMessage.count()).toBe(0);
  });

  it("is refused to a caller of the API who speaks for a user; one who speaks for nobody passes", async () => {
    expect(await chat.call("ana", RUN)).toMatchObject({ reason: "step_up_required", runId: null });
    expect((await chat.call(null, RUN)).runId).toMatch(/^run_/);
  });

  it("a changed or moved row executes nothing", async () => {
    await chat.say(ana, RUN);
    await chat.say({ ...ana, conversationId: "chat-2" }, "/run sh\necho other");
    await chat.services.asOwner(
      "UPDATE held_message a SET body = b.body, sha256 = b.sha256 FROM held_message b WHERE a.conversation_id = 'chat-1' AND b.conversation_id = 'chat-2'",
    );
    expect(await chat.say(ana, code())).toMatchObject({ runId: null, reason: "CANNOT_DECRYPT" });
    expect(await runs()).toBe(0);
  });

  it("holds for the configured time, for that sender only", async () => {
    chat.configure(CONFIG('validFor: "10m"'));
    await chat.say(ana, RUN);
    await chat.say(ana, code());
    chat.services.clock.time += 9 * 60_000;
    expect((await chat.say(ana, RUN)).runId).toMatch(/^run_/);
    expect((await chat.say({ ...ana, senderId: "ana-2" }, RUN)).runId).toBeNull();
    chat.services.clock.time += 60_000;
    expect((await chat.say(ana, RUN)).runId).toBeNull();
  });

  it("a late code never reaches an agent; other numbers do, as do those of people without an authenticator", async () => {
    expect(await chat.say(ana, code())).toMatchObject({ runId: null, reason: "nothing_held" });
    expect((await chat.say({ userId: "bob" }, "123456")).reason).not.toBe("nothing_held");
    expect((await chat.say(ana, "/ask 123456")).reason).not.toBe("nothing_held");
    expect((await chat.say(ana, "1234567")).reason).not.toBe("nothing_held");
  });

  it("keeps neither codes nor seeds nor the held text in the open", async () => {
    await chat.say(ana, RUN);
    const [right, bad] = [code(), wrong()];
    const waiting = await chat.everything();
    await chat.say(ana, bad);
    await chat.say(ana, right);
    const after = await chat.everything();
    // As a word of its own: ids and times hold digits too.
    const words = ["held-canary", seed, right, bad].map((secret) => new RegExp(`\\b${secret}\\b`));
    for (const secret of [...words, new RegExp(Buffer.from("held-canary").toString("hex"))]) {
      expect(waiting).not.toMatch(secret);
      expect(after).not.toMatch(secret);
    }
  });
});

describe("enrolment", () => {
  it("replaces no active authenticator, and a seed counts only once a code of it was given", async () => {
    await expect(console_().chatFactors.begin({ userId: "ana" })).rejects.toThrow(/has an authenticator already/);
    await console_().chatFactors.begin({ userId: "bob" });
    expect(await console_().chatFactors.state({ userId: "bob" })).toEqual({
      userId: "bob",
      active: false,
      pending: true,
      commands: ["/RUN"],
    });
    expect(await chat.say({ userId: "bob" }, RUN)).toMatchObject({ reason: "no_factor" });
    await expect(console_().chatFactors.confirm({ userId: "bob", code: "000000" })).rejects.toThrow(/not right/);
    expect((await recorded("user.factor_refused")).length).toBeGreaterThan(0);
  });

  it("a removed authenticator takes what waits with it", async () => {
    await chat.say(ana, RUN);
    await console_().chatFactors.remove({ userId: "ana" });
    expect((await chat.say(ana, `/code ${code()}`)).runId).toBeNull();
    await expect(console_().chatFactors.remove({ userId: "ana" })).rejects.toThrow(/no authenticator/);
  });

  it("CVE-2026-33579: nobody enrols one for a user who can do more", async () => {
    const clerk = callerOf(
      chat.services as unknown as AppServices,
      memberSession("clerk", { role: "user", permissions: ["users:write", "users:read"] }),
    );
    await expect(clerk.chatFactors.begin({ userId: "bob" })).rejects.toThrow(/may not give more than it holds/);
    await expect(clerk.chatFactors.remove({ userId: "ana" })).rejects.toThrow(/may not give more than it holds/);
    await expect(console_().chatFactors.begin({ userId: "nobody" })).rejects.toThrow(/There is no user/);
  });
});

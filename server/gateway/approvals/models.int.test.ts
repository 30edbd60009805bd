/** Models of runs that wait for approval: what the token that asks may not call is refused before anybody is asked, and again at the start. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startChat, type Chat } from "../../../tests/support/chat.ts";
import { openNotifyHub, type NotifyHub } from "#server/core/db/notify.ts";
import { startApproved, type FollowUp } from "#server/gateway/approvals/start.ts";
import { openTokenStore, type TokenStore } from "#server/tokens/index.ts";

const configOf = (dear: string): string => `{
  security: { rateLimit: { enabled: false }, sandboxing: {
    profiles: { careful: { approval: "required" }, thinking: { approval: "required", models: { allowed: ["fake/large", "other/*"] } } },
    roles: { admin: ["thinking", "careful"] } } },
  models: { providers: { fake: { type: "openai", baseUrl: "http://x.test/v1" } } },
  agents: { cheap: { model: "fake/small", profile: "careful" }, dear: { model: "${dear}", profile: "careful" } } }`;

let chat: Chat;
let hub: NotifyHub;
let tokens: TokenStore;
const told: FollowUp[] = [];

beforeAll(async () => {
  chat = await startChat(configOf("fake/large"));
  const { pool, log, pepper, clock } = chat.services;
  hub = await openNotifyHub(pool.options.connectionString ?? "", "test", log);
  tokens = await openTokenStore({ pool, notify: hub, pepper, clock, log });
  Object.assign(chat.services, { tokens });
});
afterAll(async () => {
  await tokens.close();
  await hub.close();
  await chat.close();
});
beforeEach(async () => {
  told.length = 0;
  chat.configure(configOf("fake/large"));
  await chat.services.asOwner(
    `TRUNCATE run_approval, channel_identity; DELETE FROM run; DELETE FROM gateway_user; DELETE FROM token;
     INSERT INTO gateway_user (id, role_name) VALUES ('ana', 'admin'), ('bob', 'admin');
     INSERT INTO channel_identity (channel, sender_id, user_id, approved_by) VALUES ('telegram', 'ana-1', 'ana', 'test')`,
  );
  await chat.services.policy.reload();
  await chat.services.identities.reload();
});

/** Asks as a token with that list of models. */
async function askWith(id: string, models: string, text: string) {
  await chat.services.asOwner(
    `INSERT INTO token (id, name, owner_id, role_name, scopes, channels, allowed_ips, secret_hash, pepper_id, last4, family_id, models)
     VALUES ('${id}', 'bot', 'o', 'admin', '{}', '{}', '{}', 'h', 'p', '1234', '${id}', '${models}')`,
  );
  await expect.poll(() => tokens.get(id)).toBeDefined();
  return chat.call(null, text, { family: id, owner: "o", tokenId: id });
}
const stateOf = (id: string) => chat.services.db.runApproval.findUniqueOrThrow({ where: { id } });
async function approved(said: { text: string }): Promise<string> {
  const id = /apr_[0-9a-z]+/.exec(said.text)?.[0] ?? "none";
  const hash = Buffer.from((await stateOf(id)).sha256).toString("hex");
  expect((await chat.say({ userId: "bob" }, `/approve ${id} ${hash}`)).text).toMatch(/is approved/);
  return id;
}
const start = (id: string) =>
  startApproved(chat.services, id, (said) => {
    told.push(said);
    return Promise.resolve();
  });
const last = async (event: string) => (await chat.services.recorded()).filter((entry) => entry.event === event).at(-1);

describe("AUTHZ-6 APPROVAL-2 a run that waits for approval, asked for by a token with a list of models", () => {
  it("is refused when it is asked for where its agent's model is outside, and nobody is asked", async () => {
    const said = await askWith("tokenwithsmall", "{fake/small}", "/ask @dear hello");
    expect(said).toMatchObject({
      reason: "model_not_granted",
      text: expect.stringContaining(`"fake/large", which is not in this token's list of models`) as string,
    });
    expect(await chat.services.db.runApproval.count()).toBe(0);
    expect(await last("access.denied")).toMatchObject({ because: 'token "tokenwithsmall", models', outcome: "denied" });
  });

  it("starts where it is inside", async () => {
    const id = await approved(await askWith("tokenwithlarge", "{fake/*}", "/ask @dear hello"));
    const run = await chat.services.db.run.findUniqueOrThrow({ where: { id: (await start(id)) ?? "none" } });
    expect(run).toMatchObject({ model: "fake/large", agent: "dear", tokenId: "tokenwithlarge" });
  });

  it("does not start with a list that no longer covers it", async () => {
    const id = await approved(await askWith("tokenofearlier", "{fake/*}", "/ask @dear hello"));
    // What no way in allows: the list of a token is kept by a trigger.
    await chat.services.asOwner(
      `ALTER TABLE token DISABLE TRIGGER token_models_kept; UPDATE token SET models = '{fake/small}' WHERE id = 'tokenofearlier';
       ALTER TABLE token ENABLE TRIGGER token_models_kept`,
    );
    await expect.poll(() => tokens.get("tokenofearlier")?.models).toEqual(["fake/small"]);
    expect(await start(id)).toBeNull();
    expect(await stateOf(id)).toMatchObject({ state: "failed", reason: "model_not_granted", runId: null });
    expect(await last("run.approval_failed")).toMatchObject({ because: 'token "tokenofearlier", models' });
    expect(await chat.services.db.run.count()).toBe(0);
  });

  it("does not start with a model that was taken from its agent since, nor with the one that took its place", async () => {
    const said = await chat.say({ userId: "ana" }, "/ask @dear hello");
    const id = await approved(said);
    await chat.services.asOwner(
      `UPDATE run_approval SET conversation = conversation || '{"deliveryId":"dlv_1"}' WHERE id = '${id}'`,
    );
    chat.configure(configOf("fake/small"));
    expect(await start(id)).toBeNull();
    expect(await stateOf(id)).toMatchObject({ state: "failed", reason: "model_changed" });
    expect(await last("run.approval_failed")).toMatchObject({ because: "agents.dear.model" });
    expect(told.map(({ text }) => text)).toEqual([
      expect.stringContaining(`the agent "dear" does not answer with "fake/large" any more. Ask again`),
    ]);
  });

  it.each([
    ["tokenofsmall", "{fake/small}", true],
    ["tokenofnone", "{}", true],
    ["tokenofpart", "{fake/*}", false],
    ["tokenofall", "{*}", false],
  ])("hears when it is asked for that its program will reach no model: %s", async (token, models, isTold) => {
    const said = await askWith(token, models, "/run sh\necho hello");
    expect(said.text).toMatch(/^This waits for approval as apr_/);
    const note = `the profile "thinking" grants fake/large, other/*, and this token's list of models has none of them.`;
    expect(said.text.includes(note)).toBe(isTold);
  });
});

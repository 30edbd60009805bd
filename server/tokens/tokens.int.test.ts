import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { OPERATOR, openTokenBench, type TokenBench } from "../../tests/support/tokens.ts";
import { grantorOf, unlimitedGrantor } from "#server/access/index.ts";
import type { Principal } from "#server/access/schema.ts";
import { createToken, listTokens, revokeFamily, revokeToken, rotateToken } from "#server/tokens/index.ts";
import type { CreateToken } from "#server/tokens/schema.ts";

let bench: TokenBench;
const mint = (input: Partial<CreateToken> = {}) => bench.mint(input);

beforeAll(async () => {
  bench = await openTokenBench();
});
afterAll(() => bench.close());

describe("minting", () => {
  it("AUTH-1 AUTH-5 stores a hash, the default lifetime and a usable token", async () => {
    const { id, token, expiresAt } = await mint({ ownerId: "one" });
    expect(expiresAt?.getTime()).toBeGreaterThan(Date.now() + bench.deps.settings.expiration - 60_000);
    const row = await bench.db.token.findUniqueOrThrow({ where: { id } });
    expect(Buffer.from(row.secretHash).length).toBe(32);
    expect(row).toMatchObject({ lifetimeMs: 3_600_000n, familyId: id, supersededAt: null });
    await expect
      .poll(() => bench.store.check(token, "127.0.0.1"), { timeout: 2_000, interval: 5 })
      .toMatchObject({ ok: true, token: { id, roleName: "user", familyId: id, ownerId: "one" } });
    expect(await bench.recorded(id)).toMatchObject([{ event: "token.created", actor_id: "test" }]);
  });

  it("AUTH-7 the sixth of one owner is refused with the list of what could be revoked, also when ten ask at once", async () => {
    const asked = await Promise.allSettled(
      Array.from({ length: 10 }, (_, index) => mint({ name: `bot ${index}`, ownerId: "many" })),
    );
    expect(asked.filter(({ status }) => status === "fulfilled").length).toBe(5);
    await expect(mint({ ownerId: "many" })).rejects.toMatchObject({
      code: "CONFLICT",
      message: expect.stringMatching(/5 of 5 live tokens.*maxTokens.*bot \d/) as string,
    });
    const { tokens } = await listTokens(bench.deps, { ownerId: "many" });
    await revokeToken(bench.deps, OPERATOR, tokens[0]?.id ?? "", { reason: "room for another" });
    await expect(mint({ ownerId: "many" })).resolves.toMatchObject({ id: expect.any(String) as string });
  });

  it("AUTH-7 an owner at the limit can rotate, and the replaced token takes no place", async () => {
    const all = await Promise.all(Array.from({ length: 5 }, () => mint({ ownerId: "full" })));
    await rotateToken(bench.deps, unlimitedGrantor(OPERATOR), { tokenId: all[0]?.id ?? "", graceMs: 3_600_000 });
    await expect(mint({ ownerId: "full" })).rejects.toMatchObject({ code: "CONFLICT" });
    await revokeToken(bench.deps, OPERATOR, all[1]?.id ?? "", { reason: "room" });
    await expect(mint({ ownerId: "full" })).resolves.toMatchObject({ id: expect.any(String) as string });
  });

  it("AUTH-7 the refusal names at most twenty of them", async () => {
    const settings = { ...bench.deps.settings, maxTokens: 25 };
    const grantor = unlimitedGrantor(OPERATOR);
    const input = { name: "bot", role: "user", ownerId: "crowd" };
    for (let made = 0; made < 25; made += 1) {
      await createToken({ ...bench.deps, settings }, grantor, input);
    }
    const refused = createToken({ ...bench.deps, settings }, grantor, input);
    await expect(refused).rejects.toThrow(/25 of 25 live tokens.* and 5 more\.$/);
    await expect(refused).rejects.toMatchObject({ details: { live: { length: 20 } } });
  });

  it.each<[string, Partial<CreateToken>, RegExp]>([
    ["a role that does not exist", { role: "ghost" }, /"ghost" does not exist.*admin, user, runner/],
    ["AUTHZ-6 a scope beyond the role", { scopes: ["tokens:rotate"] }, /goes beyond role "user"/],
    ["AUTHZ-6 everything for a role that has less", { scopes: ["*"] }, /goes beyond role "user"/],
    [
      "AUTHZ-6 a bundle for a role that has one part of it",
      { role: "runner", scopes: ["write"] },
      /goes beyond role "runner"/,
    ],
    ["a scope that means nothing", { scopes: ["fly"] }, /"fly" is not a permission/],
    ["an address that is none", { allowedIps: ["10.0.0.0/99"] }, /10\.0\.0\.0\/99/],
    [
      "a model without its provider",
      { models: ["openai/*", "gpt-5-mini"] },
      /^Token models\.1: must be "provider\/model"/,
    ],
    ["a star in the middle of a model", { models: ["openai/*-mini"] }, /^Token models\.0: must be/],
    ["a provider alone", { models: ["openai/"] }, /^Token models\.0: must name a model/],
    ["a blank name", { name: "  " }, /^Token name: /],
    ["a name with control characters", { name: "a\u0007b" }, /^Token name: printable/],
    ["a lifetime below a second", { expiresInMs: 1 }, /^Token expiresInMs: /],
  ])("refuses %s", async (_name, input, message) => {
    await expect(mint({ ownerId: "strict", ...input })).rejects.toThrow(message);
    expect((await listTokens(bench.deps, { ownerId: "strict", all: true })).tokens).toEqual([]);
  });

  it("AUTHZ-6 a token mints within its own user, addresses, models and end, which are taken over when nothing is said", async () => {
    const principal: Principal = {
      ...{ id: "token:m", kind: "token", tokenId: "m", ownerId: "o", name: "m", role: "user", boundUserId: "ana" },
      ...{ scopes: [], channels: [] },
    };
    const expiresAt = new Date(Date.now() + 60_000);
    const models = ["openai/*", "local/small"];
    const own = { actor: { type: "token", id: "m" }, allowedIps: ["10.0.0.0/8"], models, expiresAt } as const;
    const grantor = grantorOf(bench.deps.policy, principal, own);
    const ask = (input: Partial<CreateToken>) =>
      createToken(bench.deps, grantor, { name: "child", role: "user", ownerId: "narrow", ...input });

    const child = await ask({});
    const row = await bench.db.token.findUniqueOrThrow({ where: { id: child.id } });
    expect(row).toMatchObject({ userId: "ana", allowedIps: ["10.0.0.0/8"], models, expiresAt });
    await expect(ask({ allowedIps: ["10.1.0.0/16"], expiresInMs: 5_000 })).resolves.toBeDefined();
    await expect(ask({ models: ["openai/gpt-*", "local/small"] })).resolves.toBeDefined();
    await expect(ask({ models: [] })).resolves.toBeDefined();
    for (const input of [
      { userId: "eve" },
      { allowedIps: [] },
      { allowedIps: ["11.0.0.1"] },
      { expiresInMs: 3_600_000 },
      { expiresInMs: null },
      { models: null },
      { models: ["*"] },
      { models: ["local/*"] },
      { models: ["openai/gpt-5-mini", "openrouter/x"] },
      { role: "admin" },
    ]) {
      await expect(ask(input), JSON.stringify(input)).rejects.toMatchObject({
        code: "FORBIDDEN",
        details: { reason: "beyond_grant" },
      });
    }
    expect((await listTokens(bench.deps, { ownerId: "narrow" })).tokens.length).toBe(4);
  });
});

describe("the list", () => {
  it("AUTH-3 shows what people need and never a secret", async () => {
    const { id, token } = await mint({ name: "shown", ownerId: "list", channels: ["api"], expiresInMs: null });
    const { tokens, nextCursor } = await listTokens(bench.deps, { ownerId: "list" });
    expect([tokens.length, nextCursor]).toEqual([1, null]);
    expect(tokens[0]).toEqual({
      ...{ id, familyId: id, name: "shown", owner: "list", role: "user", user: null, state: "active" },
      ...{ scopes: [], channels: ["api"], allowedIps: [], models: null, hint: `ocg_${id}_…${token.slice(-4)}` },
      ...{ expiresAt: null, revokedAt: null, lastUsedAt: null, lastUsedAddress: null },
      ...{ successorId: null, supersededAt: null, createdAt: expect.any(Date) as Date },
    });
  });

  it("AUTH-3 pages by key: every token once, also while others are added", async () => {
    const settings = { ...bench.deps.settings, maxTokens: 50 };
    const add = (name: string) =>
      createToken({ ...bench.deps, settings }, unlimitedGrantor(OPERATOR), { name, role: "user", ownerId: "pages" });
    const made = await Promise.all(Array.from({ length: 7 }, (_, index) => add(`bot ${index}`)));
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await listTokens(bench.deps, { ownerId: "pages", limit: 3, cursor });
      expect(page.tokens.length).toBeLessThanOrEqual(3);
      seen.push(...page.tokens.map(({ id }) => id));
      cursor = page.nextCursor ?? undefined;
      await add("late");
    } while (cursor !== undefined);
    expect(seen.toSorted()).toEqual(made.map(({ id }) => id).toSorted());
    await expect(listTokens(bench.deps, { cursor: "nonsense" })).rejects.toMatchObject({ code: "INVALID_INPUT" });
  });

  it("AUTH-3 tells active, superseded, expired and revoked apart; ended ones only when asked for", async () => {
    const [active, replaced, expired, revoked] = [
      await mint({ ownerId: "states" }),
      await mint({ ownerId: "states" }),
      await mint({ ownerId: "states", expiresInMs: 1_000 }),
      await mint({ ownerId: "states" }),
    ];
    const { id } = await rotateToken(bench.deps, unlimitedGrantor(OPERATOR), { tokenId: replaced.id, graceMs: 60_000 });
    await revokeToken(bench.deps, OPERATOR, revoked.id, { reason: "test" });
    bench.pass(1_000);
    const states = async (all: boolean) =>
      Object.fromEntries(
        (await listTokens(bench.deps, { ownerId: "states", all })).tokens.map((token) => [token.id, token.state]),
      );
    expect(await states(false)).toEqual({ [active.id]: "active", [replaced.id]: "superseded", [id]: "active" });
    expect(await states(true)).toMatchObject({ [expired.id]: "expired", [revoked.id]: "revoked" });
  });
});

describe("revoking", () => {
  it("ends one token once, with its record; an unknown one is named", async () => {
    const { id } = await mint({ ownerId: "end" });
    expect(await revokeToken(bench.deps, OPERATOR, id, { reason: "test" })).toBe(true);
    expect(await revokeToken(bench.deps, OPERATOR, id, { reason: "again" })).toBe(false);
    expect(await bench.recorded(id)).toMatchObject([
      { event: "token.created" },
      { event: "token.revoked", data: { reason: "test" } },
    ]);
    const gone = revokeToken(bench.deps, OPERATOR, "nosuchtoken0", { reason: "x" });
    await expect(gone).rejects.toMatchObject({ code: "NOT_FOUND" });
    const foreign = revokeToken(bench.deps, OPERATOR, id, { reason: "x", onlyOwner: "somebody" });
    await expect(foreign).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it("ends a whole family, and nothing beside it", async () => {
    const grantor = unlimitedGrantor(OPERATOR);
    const first = await mint({ ownerId: "family" });
    const second = await rotateToken(bench.deps, grantor, { tokenId: first.id, graceMs: 60_000 });
    const third = await rotateToken(bench.deps, grantor, { tokenId: second.id, graceMs: 60_000 });
    const other = await mint({ ownerId: "family" });
    const ended = await revokeFamily(bench.deps, OPERATOR, second.id, { reason: "leaked" });
    expect(ended.toSorted()).toEqual([first.id, second.id, third.id].toSorted());
    expect(await revokeFamily(bench.deps, OPERATOR, first.id, { reason: "again" })).toEqual([]);
    const { tokens } = await listTokens(bench.deps, { ownerId: "family" });
    expect(tokens.map(({ id }) => id)).toEqual([other.id]);
    expect((await bench.recorded(second.id)).at(-1)).toMatchObject({
      event: "token.revoked",
      data: { reason: "leaked", family: first.id, revoked: 3 },
    });
  });
});

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RECORDED } from "../../tests/support/audit.ts";
import { callerOf, memberSession } from "../../tests/support/console-caller.ts";
import { openTokenBench, type TokenBench } from "../../tests/support/tokens.ts";
import { createAuditWriter, createCollapser } from "#server/audit/index.ts";
import type { AuditWriter } from "#server/audit/index.ts";
import { createLogger } from "#server/core/log.ts";
import type { AppServices } from "#server/services.ts";
import { TOKEN_FILTERS } from "#server/tokens/policy.ts";

const OWN = ["tokens:read", "tokens:create", "tokens:rotate", "tokens:revoke"];
let bench: TokenBench;
let audit: AuditWriter;
let services: Partial<AppServices>;
let configured: string | undefined;
const MODELS = {
  models: { providers: { local: { type: "openai", baseUrl: "http://x.test/v1" } }, prices: { "local/llama": {} } },
  security: { apiKeys: {} },
  agents: {},
};

beforeAll(async () => {
  bench = await openTokenBench();
  audit = createAuditWriter({ pool: bench.pool, log: createLogger("test", "silent") });
  const { db, clock, pepper, settings, policy } = bench.deps;
  services = {
    ...{ db, clock, pepper, audit, refusals: createCollapser(audit) },
    policy: { current: () => policy },
    web: { canonical: "http://127.0.0.1:18789", accepted: [], tls: false },
    config: { current: () => ({ config: { ...MODELS, gateway: { tokenConfig: settings, token: configured } } }) },
  } as unknown as Partial<AppServices>;
});
afterAll(async () => {
  await audit.close();
  await bench.close();
});

/** `admin` may give anything, `user` only what role `user` holds. */
const as = (id: string, permissions: readonly string[] = OWN, role = "admin") =>
  callerOf(services, memberSession(id, { permissions, role })).tokens;
const operator = () =>
  callerOf(
    services,
    memberSession("operator", {
      actor: { type: "operator", id: "test" },
      role: "admin",
      permissions: ["*"],
    }),
  ).tokens;
const refusals = (actor: string) =>
  bench.sql<{ reason: string }>(
    `SELECT reason FROM ${RECORDED} AS record WHERE event = 'token.refused' AND actor_id = $1 ORDER BY n`,
    [actor],
  );

describe("whose tokens a session reaches", () => {
  it("AUTH-3 a member sees only their own; those of others do not exist for them", async () => {
    const mine = await bench.mint({ ownerId: "mem_ana", name: "ana's" });
    const others = await bench.mint({ ownerId: "mem_bo", name: "bo's" });
    const ana = as("mem_ana");
    expect((await ana.list({})).tokens.map(({ id }) => id)).toEqual([mine.id]);
    expect((await ana.list({ owner: "mem_bo" })).tokens).toEqual([]);
    expect(await ana.byId({ id: mine.id })).toMatchObject({ token: { id: mine.id, owner: "mem_ana" }, familySize: 1 });
    for (const refused of [
      () => ana.byId({ id: others.id }),
      () => ana.rotate({ tokenId: others.id, graceMs: 0 }),
      () => ana.revoke({ id: others.id }),
      () => ana.revokeFamily({ id: others.id }),
      () => ana.create({ name: "x", role: "user", ownerId: "mem_bo" }),
      () => ana.ownerUsage({ owner: "mem_bo" }),
    ]) {
      await expect(refused()).rejects.toMatchObject({ cause: { code: "NOT_FOUND" } });
    }
    expect(await ana.revokeMany({ ids: [others.id] })).toEqual({
      revoked: [],
      skipped: [{ id: others.id, reason: "not_found" }],
    });
    expect(await bench.db.token.findUnique({ where: { id: others.id } })).toMatchObject({ revokedAt: null });
    expect(await bench.recorded(others.id)).toMatchObject([
      { event: "token.created" },
      ...Array.from({ length: 3 }, () => ({ event: "token.refused", actor_id: "mem_ana", reason: "not_found" })),
    ]);
  });

  it("AUTH-3 tokens:any_owner reaches everybody's, and can be asked for one owner's", async () => {
    const one = await bench.mint({ ownerId: "mem_cy" });
    const boss = as("mem_boss", [...OWN, "tokens:any_owner"]);
    expect((await boss.list({ state: "all" })).tokens.length).toBeGreaterThan(1);
    expect((await boss.list({ owner: "mem_cy" })).tokens.map(({ id }) => id)).toEqual([one.id]);
    expect(await boss.create({ name: "for cy", role: "user", ownerId: "mem_cy" })).toMatchObject({
      token: expect.stringMatching(/^ocg_/) as string,
    });
    expect(await boss.ownerUsage({ owner: "mem_cy" })).toEqual({ owner: "mem_cy", live: 2, max: 5 });
    expect(await boss.revoke({ id: one.id })).toEqual({ id: one.id, revoked: true });
  });

  it("AUTH-1 without an owner a token belongs to its maker; the operator's to the operator", async () => {
    const { id } = await as("mem_di").create({ name: "di's", role: "user" });
    expect(await bench.db.token.findUnique({ where: { id } })).toMatchObject({ ownerId: "mem_di" });
    const made = await operator().create({ name: "op", role: "admin" });
    expect(await bench.db.token.findUnique({ where: { id: made.id } })).toMatchObject({ ownerId: "operator" });
    expect(await bench.recorded(id)).toMatchObject([{ event: "token.created", actor_id: "mem_di" }]);
  });

  it("AUTHZ-1 nobody gives more than their role holds, by making or by rotating (CVE-2026-33579)", async () => {
    const narrow = as("mem_eve", OWN, "runner");
    await expect(narrow.create({ name: "x", role: "admin" })).rejects.toMatchObject({ cause: { code: "FORBIDDEN" } });
    await expect(narrow.create({ name: "x", role: "user" })).rejects.toMatchObject({ cause: { code: "FORBIDDEN" } });
    const strong = await bench.mint({ ownerId: "mem_eve", role: "admin" });
    await expect(narrow.rotate({ tokenId: strong.id, graceMs: 0 })).rejects.toMatchObject({
      cause: { code: "FORBIDDEN" },
    });
    expect(await narrow.givable()).toMatchObject({ roles: [{ name: "runner" }], models: ["local/llama"] });
    expect((await operator().givable()).roles.map(({ name }) => name)).toEqual(["admin", "user", "runner"]);
    expect((await refusals("mem_eve")).map(({ reason }) => reason)).toEqual([
      "beyond_grant",
      "beyond_grant",
      "beyond_grant",
    ]);
  });

  it("AUTH-10 making and rotating ask for a fresh proof of identity, ending a token does not", async () => {
    const { id } = await bench.mint({ ownerId: "mem_fay" });
    const stale = callerOf(services, memberSession("mem_fay", { permissions: OWN, steppedUpUntil: null })).tokens;
    await expect(stale.create({ name: "x", role: "user" })).rejects.toMatchObject({
      cause: { code: "STEP_UP_REQUIRED" },
    });
    await expect(stale.rotate({ tokenId: id, graceMs: 0 })).rejects.toMatchObject({
      cause: { code: "STEP_UP_REQUIRED" },
    });
    expect(await stale.revoke({ id, reason: "laptop lost" })).toEqual({ id, revoked: true });
    expect(await stale.byId({ id })).toMatchObject({ revokedReason: "laptop lost", token: { state: "revoked" } });
  });

  it("AUTH-4 the configured token is named to whoever owns the file, and its value to nobody", async () => {
    configured = "a-secret-of-the-file-0123456789";
    expect((await operator().settings()).configToken).toEqual({ role: "admin" });
    expect((await as("mem_ana").settings()).configToken).toBeNull();
    expect(JSON.stringify(await operator().settings())).not.toContain(configured);
    configured = undefined;
    expect((await operator().settings()).configToken).toBeNull();
  });
});

describe("the list", () => {
  it("AUTH-3 narrows by state exactly as the states are shown", async () => {
    const day = 86_400_000;
    const mint = (name: string, expiresInMs: number | null) => bench.mint({ ownerId: "mem_states", name, expiresInMs });
    await mint("endless", null);
    await mint("long", 30 * day);
    await mint("soon", day / 2);
    const replaced = await mint("replaced", 30 * day);
    const gone = await mint("gone", 30 * day);
    const caller = as("mem_states");
    await caller.rotate({ tokenId: replaced.id, graceMs: 3_600_000 });
    await caller.rotate({ tokenId: gone.id, graceMs: 0 });
    const { tokens } = await caller.list({});
    await caller.revoke({ id: tokens.find(({ name }) => name === "gone")?.id ?? "" });
    const all = (await caller.list({ state: "all" })).tokens;
    expect(all.length).toBe(7);
    for (const state of TOKEN_FILTERS) {
      const page = (await caller.list({ state })).tokens;
      const expected = all.filter((token) => {
        const live = token.state === "active" || token.state === "superseded";
        const endsSoon = token.expiresAt !== null && token.expiresAt.getTime() - Date.now() <= day;
        return (
          state === "all" || token.state === state || (live && (state === "live" || (state === "ending" && endsSoon)))
        );
      });
      expect(
        page.map(({ id }) => id),
        state,
      ).toEqual(expected.map(({ id }) => id));
      expect(expected.length, state).toBeGreaterThan(0);
    }
  });

  it("AUTH-3 finds parts of names, owners and ids, and takes % and _ as letters", async () => {
    const names = ["Nightly build", "100% sure", "100 others", "snake_case", "snakeXcase"];
    for (const [index, name] of names.entries()) {
      await bench.mint({ name, ownerId: `mem_find${index}` });
    }
    const find = async (search: string) =>
      (await operator().list({ search })).tokens.map(({ name }) => name).filter((name) => names.includes(name));
    expect(await find("nightly")).toEqual(["Nightly build"]);
    expect(await find("100%")).toEqual(["100% sure"]);
    expect(await find("snake_case")).toEqual(["snake_case"]);
    expect(await find("FIND3")).toEqual(["snake_case"]);
    expect(await find("no\\such")).toEqual([]);
    const [token] = (await operator().list({ search: "nightly" })).tokens;
    expect(await find(token?.id ?? "")).toEqual(["Nightly build"]);
    expect(await find(token?.hint ?? "")).toEqual(["Nightly build"]);
  });

  it("AUTH-3 pages through all, each once", async () => {
    for (let made = 0; made < 5; made += 1) {
      await bench.mint({ ownerId: "mem_pages", name: `p${made}` });
    }
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await as("mem_pages").list({ limit: 2, cursor });
      seen.push(...page.tokens.map(({ name }) => name));
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    expect(seen).toEqual(["p4", "p3", "p2", "p1", "p0"]);
    await expect(as("mem_pages").list({ cursor: "x" })).rejects.toMatchObject({ cause: { code: "INVALID_INPUT" } });
  });

  it("AUD-10 no answer but that of making and rotating holds a secret or its hash", async () => {
    const caller = as("mem_quiet");
    const made = await caller.create({ name: "quiet", role: "user" });
    const rotated = await caller.rotate({ tokenId: made.id, graceMs: 60_000 });
    const details = await caller.byId({ id: rotated.id });
    expect(details.family.map(({ id, successorId }) => [id, successorId])).toEqual([
      [rotated.id, null],
      [made.id, rotated.id],
    ]);
    const shown = JSON.stringify([await caller.list({ state: "all" }), details, await caller.revoke({ id: made.id })]);
    expect(shown).not.toMatch(/secretHash|retryKeyHash|pepper/i);
    for (const { token } of [made, rotated]) {
      expect(shown).not.toContain(token.slice(17, 40));
    }
  });
});

it("AUTH-2 many are ended at once, and what was ended before is said to be skipped", async () => {
  const made = [];
  for (const name of ["a", "b", "c"]) {
    made.push((await bench.mint({ ownerId: "mem_bulk", name })).id);
  }
  const [a = "", b = "", c = ""] = made;
  const caller = as("mem_bulk");
  await caller.revoke({ id: b });
  expect(await caller.revokeMany({ ids: [a, b, c, c, "000000000000"] })).toEqual({
    revoked: [a, c],
    skipped: [
      { id: b, reason: "revoked_before" },
      { id: "000000000000", reason: "not_found" },
    ],
  });
  await expect(caller.revokeMany({ ids: Array.from({ length: 101 }, (_, n) => `t${n}`) })).rejects.toMatchObject({
    code: "BAD_REQUEST",
  });
});

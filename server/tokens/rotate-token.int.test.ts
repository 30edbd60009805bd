import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { OPERATOR, openTokenBench, type TokenBench } from "../../tests/support/tokens.ts";
import { grantorOf, unlimitedGrantor } from "#server/access/index.ts";
import type { Principal } from "#server/access/schema.ts";
import { listTokens, revokeToken, rotateToken } from "#server/tokens/index.ts";
import type { CreateToken, RotateToken } from "#server/tokens/schema.ts";

const HOUR = 3_600_000;
const operator = unlimitedGrantor(OPERATOR);

let bench: TokenBench;
let owner = 0;

beforeAll(async () => {
  bench = await openTokenBench();
});
afterAll(() => bench.close());

/** A token of an owner of its own, known to the store. */
async function fresh(input: Partial<CreateToken> = {}) {
  owner += 1;
  const made = await bench.mint({ ownerId: `owner${owner}`, ...input });
  await heard(made.token).toMatchObject({ ok: true });
  return made;
}
const heard = (token: string) =>
  expect.poll(() => bench.store.check(token, "127.0.0.1"), { timeout: 2_000, interval: 5 });
const rotate = (tokenId: string, input: Partial<RotateToken> = {}) =>
  rotateToken(bench.deps, operator, { tokenId, graceMs: HOUR / 2, ...input });
const rowOf = (id: string) => bench.db.token.findUniqueOrThrow({ where: { id } });

describe("rotating", () => {
  it("AUTH-2 both secrets work for the grace; then the old one is refused to the millisecond", async () => {
    const old = await fresh();
    const next = await rotate(old.id);
    expect(next.replaces).toBe(old.id);
    await heard(next.token).toMatchObject({ ok: true, token: { familyId: old.id } });
    await heard(old.token).toMatchObject({ ok: true, token: { supersededAt: expect.any(Date) as Date } });
    bench.pass(HOUR / 2);
    expect(bench.store.check(old.token, "127.0.0.1")).toMatchObject({ ok: false, reason: "expired" });
    expect(bench.store.check(next.token, "127.0.0.1")).toMatchObject({ ok: true });
    expect((await bench.recorded(old.id)).at(-1)).toMatchObject({
      event: "token.rotated",
      outcome: "ok",
      actor_id: "test",
      data: { successor: next.id, graceEndsAt: next.graceEndsAt.toISOString() },
    });
  });

  it("AUTH-2 GHSA-m8wm-xmxx CVE-2026-45005 without a grace the old one ends at once, also where it was in memory", async () => {
    const old = await fresh();
    const next = await rotate(old.id, { graceMs: 0 });
    await heard(old.token).toMatchObject({ ok: false, reason: "expired" });
    expect(next.graceEndsAt.getTime()).toBeLessThanOrEqual(bench.deps.clock.now());
    await heard(next.token).toMatchObject({ ok: true });
  });

  it("AUTH-2 a grace never outlives the old token's own end, not even one that is asked for", async () => {
    const old = await fresh({ expiresInMs: 60_000 });
    const next = await rotate(old.id, { graceMs: HOUR });
    expect(next.graceEndsAt).toEqual(old.expiresAt);
    expect((await rowOf(old.id)).expiresAt).toEqual(old.expiresAt);
  });

  it("AUTH-2 the successor keeps everything but the secret, and lives as long as the old one was made for", async () => {
    const rights = { scopes: ["read"], channels: ["api"], allowedIps: ["127.0.0.0/8"], userId: "ana", name: "kept" };
    const old = await fresh({ ...rights, expiresInMs: 2 * HOUR });
    bench.pass(HOUR);
    const next = await rotate(old.id);
    const before = await rowOf(old.id);
    const after = await rowOf(next.id);
    expect(after).toMatchObject({
      ...rights,
      ...{ familyId: old.id, ownerId: before.ownerId, roleName: before.roleName, lifetimeMs: BigInt(2 * HOUR) },
      ...{ revokedAt: null, supersededAt: null, successorId: null, lastUsedAt: null },
    });
    expect((next.expiresAt?.getTime() ?? 0) - after.createdAt.getTime()).toBe(2 * HOUR);
    expect(before).toMatchObject({ successorId: next.id, supersededAt: after.createdAt });
    expect(Buffer.from(after.secretHash).equals(before.secretHash)).toBe(false);
  });

  it("AUTH-2 another lifetime can be asked for, and a token without end stays so", async () => {
    const old = await fresh({ expiresInMs: null });
    const second = await rotate(old.id);
    expect(second.expiresAt).toBeNull();
    const third = await rotate(second.id, { expiresInMs: 5_000 });
    const row = await rowOf(third.id);
    expect([(third.expiresAt?.getTime() ?? 0) - row.createdAt.getTime(), row.lifetimeMs]).toEqual([5_000, 5_000n]);
  });

  it("AUTH-2 of twenty rotations at once one takes place, and the others name its successor", async () => {
    const old = await fresh();
    const asked = await Promise.allSettled(Array.from({ length: 20 }, () => rotate(old.id)));
    const done = asked.filter((outcome) => outcome.status === "fulfilled");
    expect(done.length).toBe(1);
    const successorId = done[0]?.value.id ?? "";
    for (const outcome of asked.filter((one) => one.status === "rejected")) {
      expect(outcome.reason).toMatchObject({ code: "CONFLICT", details: { reason: "superseded", successorId } });
    }
    expect(await bench.db.token.count({ where: { familyId: old.id } })).toBe(2);
    expect((await bench.recorded(old.id)).filter(({ event }) => event === "token.rotated").length).toBe(1);
  });

  it("AUTH-2 what has ended is not brought back", async () => {
    const revoked = await fresh();
    await revokeToken(bench.deps, OPERATOR, revoked.id, { reason: "test" });
    const expired = await fresh({ expiresInMs: 1_000 });
    bench.pass(1_000);
    await expect(rotate(revoked.id)).rejects.toMatchObject({ code: "CONFLICT", details: { reason: "revoked" } });
    await expect(rotate(expired.id)).rejects.toMatchObject({ code: "CONFLICT", details: { reason: "expired" } });
    await expect(rotate("nosuchtoken0")).rejects.toMatchObject({ code: "NOT_FOUND" });
    expect(await bench.db.token.count({ where: { familyId: { in: [revoked.id, expired.id] } } })).toBe(2);
  });

  it.each<[string, Partial<RotateToken>]>([
    ["a grace of more than seven days", { graceMs: 7 * 24 * HOUR + 1 }],
    ["a negative grace", { graceMs: -1 }],
    ["a grace of half a millisecond", { graceMs: 0.5 }],
    ["a lifetime below a second", { expiresInMs: 10 }],
  ])("AUTH-2 refuses %s", async (_name, input) => {
    await expect(rotate((await fresh()).id, input)).rejects.toMatchObject({ code: "INVALID_INPUT" });
  });

  it("AUTH-2 a rotation that cannot be recorded does not take place", async () => {
    const old = await fresh();
    await bench.sql("ALTER TABLE audit_intake ADD CONSTRAINT full_disk CHECK (events !~ 'token.rotated') NOT VALID");
    await expect(rotate(old.id)).rejects.toThrow();
    await bench.sql("ALTER TABLE audit_intake DROP CONSTRAINT full_disk");
    expect(await rowOf(old.id)).toMatchObject({ successorId: null, supersededAt: null, expiresAt: old.expiresAt });
    expect(await bench.db.token.count({ where: { familyId: old.id } })).toBe(1);
  });
});

describe("rotating somebody's token over the API", () => {
  const principal: Principal = {
    ...{ id: "token:m", kind: "token", tokenId: "m", ownerId: "owner", name: "m", role: "user", boundUserId: null },
    ...{ scopes: ["read", "tokens:rotate"], channels: [] },
  };
  const ends = new Date(Date.now() + 10 * 24 * HOUR);
  const grantor = () =>
    grantorOf(bench.deps.policy, principal, {
      actor: { type: "token", id: "m" },
      allowedIps: [],
      models: ["*"],
      expiresAt: ends,
    });

  it("AUTHZ-6 CVE-2026-33579 a broader one is refused and stays as it is: its secret would go to the caller", async () => {
    const broad = await fresh({ role: "admin" });
    const refused = rotateToken(bench.deps, grantor(), { tokenId: broad.id, graceMs: 0 });
    await expect(refused).rejects.toMatchObject({ code: "FORBIDDEN", details: { reason: "beyond_grant" } });
    expect(await rowOf(broad.id)).toMatchObject({ successorId: null, expiresAt: broad.expiresAt });
  });

  it("AUTHZ-6 one within the caller's rights is rotated, and does not outlive the caller", async () => {
    const narrow = await fresh({ scopes: ["runs:read"], expiresInMs: null });
    const next = await rotateToken(bench.deps, grantor(), { tokenId: narrow.id, graceMs: 0 });
    expect(next.expiresAt).toEqual(ends);
    const longer = rotateToken(bench.deps, grantor(), { tokenId: next.id, graceMs: 0, expiresInMs: 30 * 24 * HOUR });
    await expect(longer).rejects.toMatchObject({ code: "FORBIDDEN", details: { field: "expires" } });
  });

  it("AUTHZ-6 one that may call more models than the caller is refused; what is rotated keeps its list, on record", async () => {
    const models = ["openai/*"];
    const limited = { ...grantor(), models };
    const wide = await fresh({ scopes: ["runs:read"] });
    const other = await fresh({ scopes: ["runs:read"], models: ["openai/x", "local/x"] });
    for (const { id } of [wide, other]) {
      const refused = rotateToken(bench.deps, limited, { tokenId: id, graceMs: 0 });
      await expect(refused).rejects.toMatchObject({ code: "FORBIDDEN", details: { field: "models" } });
    }
    const within = await fresh({ scopes: ["runs:read"], models: ["openai/x"] });
    const next = await rotateToken(bench.deps, limited, { tokenId: within.id, graceMs: 0 });
    expect(await rowOf(next.id)).toMatchObject({ models: ["openai/x"] });
    const recorded = await bench.sql(`SELECT events FROM audit_intake WHERE events LIKE '%${next.id}%'`);
    expect(JSON.stringify(recorded)).toContain("openai/x");
  });

  it("AUTHZ-6 the list of a token that is there cannot be changed, not even in the database", async () => {
    const { id } = await fresh({ models: ["openai/x"] });
    await expect(bench.sql(`UPDATE token SET models = '{*}' WHERE id = '${id}'`)).rejects.toThrow(/do not change/);
    expect(await rowOf(id)).toMatchObject({ models: ["openai/x"] });
  });

  it("CVE-2026-41909 another owner's token is no different from one that does not exist", async () => {
    const foreign = await fresh({ scopes: ["runs:read"] });
    const input = { tokenId: foreign.id, graceMs: 0 };
    const unknown = { tokenId: "nosuchtoken0", graceMs: 0 };
    const ask = (asked: typeof input) => rotateToken(bench.deps, grantor(), asked, { onlyOwner: "owner" });
    for (const asked of [input, unknown]) {
      const message = `There is no token "${asked.tokenId}". See them with: openclaw gateway list-tokens --all`;
      await expect(ask(asked)).rejects.toMatchObject({ code: "NOT_FOUND", message, details: undefined });
    }
    const { tokens } = await listTokens(bench.deps, { ownerId: `owner${owner}` });
    expect(tokens.map(({ state }) => state)).toEqual(["active"]);
  });
});

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { OPERATOR, openTokenBench, type TokenBench } from "../../tests/support/tokens.ts";
import { unlimitedGrantor } from "#server/access/index.ts";
import { exchangeToken, listTokens, revokeToken, rotateToken, type CreatedToken } from "#server/tokens/index.ts";
import type { ExchangeRequest } from "#server/tokens/exchange-token.ts";
import type { CreateToken } from "#server/tokens/schema.ts";

const HOUR = 3_600_000;
const MINUTE = 60_000;
const KEY = "b1e7c9a2-0001-4f6e-8d3a-55aa66bb77cc";

let bench: TokenBench;
let owner = 0;

beforeAll(async () => {
  bench = await openTokenBench();
});
afterAll(() => bench.close());

function fresh(input: Partial<CreateToken> = {}): Promise<CreatedToken> {
  owner += 1;
  return bench.mint({ ownerId: `owner${owner}`, ...input });
}

function exchange({ id, token }: { id: string; token: string }, changes: Partial<ExchangeRequest> = {}) {
  const request = {
    kind: "refresh",
    tokenId: id,
    text: token,
    graceMs: 30_000,
    retryKey: undefined,
    facts: {},
  } as const;
  return exchangeToken(bench.deps, { ...request, ...changes });
}

async function exchanged(token: { id: string; token: string }, changes: Partial<ExchangeRequest> = {}) {
  const outcome = await exchange(token, changes);
  if (!outcome.ok) {
    throw new Error(`rejected: ${outcome.reason}`);
  }
  return outcome.token;
}

const rowOf = (id: string) => bench.db.token.findUniqueOrThrow({ where: { id } });
const statesOf = async () =>
  (await listTokens(bench.deps, { ownerId: `owner${owner}`, all: true })).tokens.map(({ state }) => state).toSorted();
const heard = (token: string) =>
  expect.poll(() => bench.store.check(token, "127.0.0.1"), { timeout: 2_000, interval: 5 });

describe("refreshing", () => {
  it("AUTH-6 gives a fresh token with the full lifetime of the first, again and again", async () => {
    const first = await fresh({ expiresInMs: HOUR, scopes: ["read"] });
    let current: CreatedToken = first;
    for (let round = 0; round < 3; round += 1) {
      bench.pass(50 * MINUTE);
      const next = await exchanged(current);
      const row = await rowOf(next.id);
      expect((next.expiresAt?.getTime() ?? 0) - row.createdAt.getTime()).toBe(HOUR);
      expect(row).toMatchObject({ familyId: first.id, scopes: ["read"], lifetimeMs: BigInt(HOUR) });
      expect(next.replaces).toBe(current.id);
      expect(next.token.length).toBe(current.token.length);
      current = next;
    }
    await heard(current.token).toMatchObject({ ok: true });
    expect(await bench.recorded(first.id)).toMatchObject([
      { event: "token.created" },
      { event: "token.refreshed", outcome: "ok", actor_id: first.id, data: { repeated: false } },
    ]);
  });

  it("AUTH-6 the old one works for a short grace and not beyond its own end", async () => {
    const first = await fresh();
    const next = await exchanged(first);
    await heard(first.token).toMatchObject({ ok: true, token: { supersededAt: expect.any(Date) as Date } });
    expect(next.graceEndsAt.getTime() - (await rowOf(next.id)).createdAt.getTime()).toBe(30_000);
    bench.pass(30_000);
    expect(bench.store.check(first.token, "127.0.0.1")).toMatchObject({ ok: false, reason: "expired" });
    const short = await fresh({ expiresInMs: 5_000 });
    expect((await exchanged(short)).graceEndsAt).toEqual(short.expiresAt);
  });

  it("AUTH-6 a token that does not expire is to be rotated instead", async () => {
    const endless = await fresh({ expiresInMs: null });
    await expect(exchange(endless)).rejects.toMatchObject({
      code: "INVALID_INPUT",
      message: expect.stringContaining("does not expire: rotate it instead") as string,
    });
    expect(await exchanged(endless, { kind: "rotate" })).toMatchObject({ expiresAt: null });
  });

  it("AUTH-6 what has ended is not refreshed", async () => {
    const revoked = await fresh();
    await revokeToken(bench.deps, OPERATOR, revoked.id, { reason: "test" });
    expect(await exchange(revoked)).toEqual({ ok: false, reason: "revoked" });
    const expired = await fresh({ expiresInMs: 1_000 });
    bench.pass(1_000);
    expect(await exchange(expired)).toEqual({ ok: false, reason: "expired" });
    expect(await exchange({ id: "nosuchtoken0", token: "" })).toEqual({ ok: false, reason: "unknown" });
    expect(await statesOf()).toEqual(["expired"]);
  });

  it("AUTH-6 rotation by the holder keeps the end of the first, however often", async () => {
    const first = await fresh({ expiresInMs: HOUR });
    const second = await exchanged(first, { kind: "rotate" });
    const third = await exchanged(second, { kind: "rotate", graceMs: 0 });
    expect([second.expiresAt, third.expiresAt]).toEqual([first.expiresAt, first.expiresAt]);
    expect((await bench.recorded(second.id)).map(({ event }) => event)).toEqual(["token.rotated"]);
  });
});

describe("reuse", () => {
  it.each(["refresh", "rotate"] as const)(
    "AUTH-6 a second exchange (%s) ends the whole family, the newest too, and is on record as critical",
    async (kind) => {
      const first = await fresh();
      const second = await exchanged(first);
      const third = await exchanged(second);
      await heard(third.token).toMatchObject({ ok: true });
      expect(await exchange(first, { kind })).toEqual({ ok: false, reason: "reused" });
      await heard(third.token).toMatchObject({ ok: false, reason: "revoked" });
      expect(await statesOf()).toEqual(["revoked", "revoked", "revoked"]);
      expect((await bench.recorded(first.id)).at(-1)).toMatchObject({
        event: "token.reuse_detected",
        outcome: "denied",
        data: { token: first.id, successor: second.id, revoked: 3 },
      });
      expect(await exchange(third)).toEqual({ ok: false, reason: "revoked" });
      expect(await exchange(first, { kind })).toEqual({ ok: false, reason: "revoked" });
    },
  );

  it("AUTH-6 it is detected also when the old token has long ended", async () => {
    const first = await fresh({ expiresInMs: 30 * 24 * HOUR });
    const second = await exchanged(first);
    bench.pass(7 * 24 * HOUR);
    await heard(first.token).toMatchObject({ ok: false, reason: "expired" });
    expect(await exchange(first)).toEqual({ ok: false, reason: "reused" });
    expect((await rowOf(second.id)).revokedAt).not.toBeNull();
  });

  it("AUTH-6 of twenty refreshes at once exactly one gets a successor, and the family ends", async () => {
    const first = await fresh();
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => exchange(first)));
    expect(outcomes.filter(({ ok }) => ok).length).toBe(1);
    const reasons = outcomes.flatMap((outcome) => (outcome.ok ? [] : [outcome.reason])).toSorted();
    expect(reasons).toEqual(["reused", ...Array<string>(18).fill("revoked")]);
    expect(await statesOf()).toEqual(["revoked", "revoked"]);
  });

  it("AUTH-6 no successor escapes while its family is being ended", async () => {
    for (let round = 0; round < 15; round += 1) {
      const first = await fresh();
      const second = await exchanged(first);
      await Promise.all([exchange(second), exchange(first)]);
      expect(new Set(await statesOf())).toEqual(new Set(["revoked"]));
    }
  });

  it("AUTH-6 a holder who comes with a token that an operator has replaced is told so, and ends nothing", async () => {
    const first = await fresh();
    const input = { tokenId: first.id, graceMs: MINUTE };
    const { id } = await rotateToken(bench.deps, unlimitedGrantor(OPERATOR), input);
    await expect(exchange(first)).rejects.toMatchObject({ code: "CONFLICT", details: { successorId: id } });
    bench.pass(MINUTE);
    expect(await exchange(first, { retryKey: KEY })).toEqual({ ok: false, reason: "expired" });
    expect(await statesOf()).toEqual(["active", "expired"]);
  });
});

describe("a repeated request", () => {
  it("AUTH-6 gets the same answer, in parallel and later, and is no reuse", async () => {
    const first = await fresh();
    const answers = await Promise.all(Array.from({ length: 10 }, () => exchanged(first, { retryKey: KEY })));
    bench.pass(9 * MINUTE);
    answers.push(await exchanged(first, { retryKey: KEY }));
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    await heard(answers[0]?.token ?? "").toMatchObject({ ok: true, token: { id: answers[0]?.id } });
    expect(await bench.db.token.count({ where: { familyId: first.id } })).toBe(2);
    const repeats = (await bench.recorded(first.id)).filter(({ data }) => data["repeated"] === true);
    expect(repeats.length).toBe(10);
  });

  it("AUTH-6 with another key is reuse", async () => {
    const first = await fresh();
    await exchanged(first, { retryKey: KEY });
    expect(await exchange(first, { retryKey: `${KEY}2` })).toEqual({ ok: false, reason: "reused" });
    expect(await statesOf()).toEqual(["revoked", "revoked"]);
  });

  it("AUTH-6 the key of one token is nothing at another", async () => {
    const [one, other] = [await fresh(), await fresh()];
    const [a, b] = [await exchanged(one, { retryKey: KEY }), await exchanged(other, { retryKey: KEY })];
    expect(a.token.slice(17)).not.toBe(b.token.slice(17));
    const [rowA, rowB] = [await rowOf(a.id), await rowOf(b.id)];
    expect(Buffer.from(rowA.retryKeyHash ?? []).equals(rowB.retryKeyHash ?? Buffer.alloc(0))).toBe(false);
  });

  it.each<[string, (successor: CreatedToken) => Promise<unknown> | void]>([
    ["after ten minutes", () => bench.pass(10 * MINUTE + 1)],
    ["once the successor was exchanged itself", (successor) => exchanged(successor)],
    ["with another length of secrets in force", () => void (bench.deps.settings.tokenLength = 48)],
  ])("AUTH-6 is not answered again %s, and ends nothing", async (_name, meanwhile) => {
    const first = await fresh({ expiresInMs: 24 * HOUR });
    const second = await exchanged(first, { retryKey: KEY });
    await meanwhile(second);
    await expect(exchange(first, { retryKey: KEY })).rejects.toMatchObject({
      code: "CONFLICT",
      details: { reason: "answered_before", successorId: second.id },
    });
    bench.deps.settings.tokenLength = 32;
    expect((await rowOf(second.id)).revokedAt).toBeNull();
  });

  it("AUTH-6 is refused once the successor was revoked", async () => {
    const first = await fresh();
    const second = await exchanged(first, { retryKey: KEY });
    await revokeToken(bench.deps, OPERATOR, second.id, { reason: "test" });
    await expect(exchange(first, { retryKey: KEY })).rejects.toMatchObject({ code: "CONFLICT" });
  });
});

it("AUTH-1 AUTH-3 no secret and no key is found anywhere afterwards", async () => {
  const first = await fresh();
  const second = await exchanged(first, { retryKey: KEY });
  await exchanged(first, { retryKey: KEY });
  const third = await exchanged(second);
  const fourth = await rotateToken(bench.deps, unlimitedGrantor(OPERATOR), { tokenId: third.id, graceMs: 0 });
  const fifth = await exchanged(fourth, { kind: "rotate" });
  await exchange(fourth);
  const texts = [first, second, third, fourth, fifth].map(({ token }) => token);

  const tables = await bench.sql<{ name: string }>(
    "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')",
  );
  const dump = [JSON.stringify(await listTokens(bench.deps, { all: true }))];
  for (const { name } of tables) {
    dump.push(
      ...(await bench.sql<{ text: string }>(`SELECT t::text AS text FROM ${name} AS t`)).map(({ text }) => text),
    );
  }
  const everything = dump.join("\n");
  expect(everything).toContain(fifth.id);
  for (const text of texts) {
    const secret = text.slice(17, -6);
    const bytes = Buffer.from(secret, "base64url");
    for (const form of [secret, bytes.toString("hex"), bytes.toString("base64").slice(0, -1)]) {
      expect(everything).not.toContain(form);
    }
  }
  expect(everything).not.toContain(KEY);
});

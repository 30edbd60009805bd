import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { endOf, graceEnd, isUsable, lifetimeOf, searchTermOf, tokenState } from "#server/tokens/policy.ts";

const now = Date.UTC(2030, 0, 1);
const at = (ms: number) => new Date(now + ms);
const moment = fc.option(fc.integer({ min: -5, max: 5 }).map(at));

describe("tokenState", () => {
  const never = { expiresAt: null, revokedAt: null, supersededAt: null };

  it.each([
    ["active", never],
    ["active", { ...never, expiresAt: at(1) }],
    ["expired", { ...never, expiresAt: at(0) }],
    ["superseded", { ...never, expiresAt: at(1), supersededAt: at(-1) }],
    ["expired", { ...never, expiresAt: at(0), supersededAt: at(-1) }],
    ["revoked", { ...never, revokedAt: at(-1) }],
    ["revoked", { ...never, expiresAt: at(-1), revokedAt: at(-1), supersededAt: at(-2) }],
  ] as const)("is %s for %j", (state, token) => {
    expect(tokenState(token, now)).toBe(state);
  });

  it("AUTH-2 a clock that is behind keeps nothing alive that was revoked or replaced without a grace", () => {
    expect(tokenState({ ...never, revokedAt: at(400) }, now)).toBe("revoked");
    expect(tokenState({ ...never, expiresAt: at(400), supersededAt: at(400) }, now)).toBe("expired");
  });
});

describe("times", () => {
  it("AUTH-2 a grace ends neither after its length nor after the token's own end", () => {
    fc.assert(
      fc.property(moment, fc.nat(10), (expiresAt, graceMs) => {
        const end = graceEnd(expiresAt, graceMs, now);
        expect(end.getTime()).toBe(Math.min(now + graceMs, expiresAt?.getTime() ?? Infinity));
        const replaced = { expiresAt: end, revokedAt: null, supersededAt: at(0) };
        expect(isUsable(tokenState(replaced, end.getTime()))).toBe(false);
      }),
    );
  });

  it("AUTHZ-6 nothing outlives whoever gives it", () => {
    fc.assert(
      fc.property(fc.option(fc.nat(10)), moment, (lifetimeMs, latest) => {
        const end = endOf(lifetimeMs, now, latest);
        const own = lifetimeMs === null ? Infinity : now + lifetimeMs;
        expect(end?.getTime() ?? Infinity).toBe(Math.min(own, latest?.getTime() ?? Infinity));
      }),
    );
  });

  it("a lifetime is what was asked for; of older rows, the time between their dates", () => {
    expect(lifetimeOf({ lifetimeMs: 7n, createdAt: at(0), expiresAt: at(3) })).toBe(7);
    expect(lifetimeOf({ lifetimeMs: null, createdAt: at(0), expiresAt: at(3) })).toBe(3);
    expect(lifetimeOf({ lifetimeMs: null, createdAt: at(0), expiresAt: null })).toBeNull();
  });
});

describe("a search", () => {
  it.each([
    ["  nightly ", "nightly"],
    ["ocg_3kq9x0f2m7ab_…9QzA", "3kq9x0f2m7ab"],
    ["Bearer ocg_3kq9x0f2m7ab_abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG0aB3cD", "3kq9x0f2m7ab"],
    ["ocg_3kq9x0f2m7ab", "3kq9x0f2m7ab"],
    ["ocg_3kq9", "3kq9"],
    ["ocg_short_secret", "short"],
  ])("AUD-10 keeps of a pasted token nothing but its id: %j", (text, term) => {
    expect(searchTermOf(text)).toBe(term);
  });
});

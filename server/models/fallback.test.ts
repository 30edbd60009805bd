import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  chainOf,
  FIRST,
  nextAttempt,
  remedyFor,
  retryWishes,
  type Failure,
  type Place,
} from "#server/models/fallback.ts";

const failure = (members: Partial<Failure> = {}): Failure => ({
  status: null,
  cause: null,
  retryAfterMs: null,
  shouldRetry: true,
  begun: false,
  ...members,
});
const SETTINGS = { count: 2, delay: 500, maxDelay: 8_000 };

describe("remedyFor", () => {
  it.each<[string, Partial<Failure>, ReturnType<typeof remedyFor>]>([
    ["no connection", { cause: "unreachable" }, "again"],
    ["broken off before the first byte", { cause: "broke_off" }, "again"],
    ["429", { status: 429 }, "again"],
    ["500", { status: 500 }, "again"],
    ["529 of Anthropic", { status: 529 }, "again"],
    ["a quota that is used up", { status: 429, shouldRetry: false }, "elsewhere"],
    ["no answer in time", { cause: "timeout" }, "elsewhere"],
    ["the gateway's own key is refused", { status: 401, cause: "misconfigured" }, "elsewhere"],
    ["400", { status: 400 }, "none"],
    ["403", { status: 403 }, "none"],
    ["404", { status: 404 }, "none"],
    ["413", { status: 413 }, "none"],
    ["the caller left", { cause: "caller_gone" }, "none"],
    ["the gateway stops", { cause: "stopping" }, "none"],
  ])("%s", (_name, members, expected) => expect(remedyFor(failure(members))).toBe(expected));

  it("after the first byte there is none, whatever happened", () => {
    const cause = fc.constantFrom<Failure["cause"]>("unreachable", "broke_off", "timeout", "misconfigured", null);
    fc.assert(
      fc.property(
        cause,
        fc.option(fc.integer({ min: 200, max: 599 })),
        (because, status) => remedyFor(failure({ cause: because, status, begun: true })) === "none",
      ),
    );
  });
});

describe("chainOf", () => {
  it("is the model, then its fallbacks, each once and no further", () => {
    const fallback = { "a/x": ["b/y", "a/x", "b/y", "c/z"], "b/y": ["d/w"] };
    expect(chainOf("a/x", fallback)).toEqual(["a/x", "b/y", "c/z"]);
    expect(chainOf("e/v", fallback)).toEqual(["e/v"]);
    expect(chainOf("constructor", fallback)).toEqual(["constructor"]);
  });
});

describe("nextAttempt", () => {
  const after = (place: Place, members: Partial<Failure>, length = 2, random = 0.5) =>
    nextAttempt(place, failure(members), length, SETTINGS, random);

  it("waits longer each time, then goes to the next model, then gives up", () => {
    expect(after(FIRST, { status: 500 })).toEqual({ index: 0, tries: 2, waitMs: 375 });
    expect(after({ index: 0, tries: 2 }, { status: 500 })).toEqual({ index: 0, tries: 3, waitMs: 750 });
    expect(after({ index: 0, tries: 3 }, { status: 500 })).toEqual({ index: 1, tries: 1, waitMs: 0 });
    expect(after({ index: 1, tries: 3 }, { status: 500 })).toBeNull();
  });

  it("waits as long as the provider asks, up to a bound", () => {
    expect(after(FIRST, { status: 429, retryAfterMs: 3_000 })?.waitMs).toBe(3_000);
    expect(after(FIRST, { status: 429, retryAfterMs: 8_001 })).toEqual({ index: 1, tries: 1, waitMs: 0 });
    expect(after(FIRST, { status: 429, retryAfterMs: 8_001 }, 1)).toBeNull();
  });

  it("always ends, in bounded time, and never repeats what is about the request", () => {
    const kind = fc.record({
      status: fc.option(fc.integer({ min: 400, max: 599 })),
      cause: fc.constantFrom<Failure["cause"]>("unreachable", "broke_off", "timeout", "misconfigured", null),
      retryAfterMs: fc.option(fc.nat(20_000)),
      shouldRetry: fc.boolean(),
    });
    const settings = fc.record({ count: fc.nat(5), delay: fc.nat(5_000), maxDelay: fc.nat(10_000) });
    const random = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
    fc.assert(
      fc.property(
        fc.infiniteStream(kind),
        fc.integer({ min: 1, max: 4 }),
        settings,
        random,
        (kinds, length, given, chance) => {
          let place: Place | null = FIRST;
          let attempts = 0;
          for (const members of kinds) {
            attempts += 1;
            const next: ReturnType<typeof nextAttempt> = nextAttempt(place, failure(members), length, given, chance);
            if (next === null) {
              break;
            }
            expect(members.cause !== null || (members.status ?? 0) >= 408).toBe(true);
            expect(next.waitMs).toBeLessThanOrEqual(given.maxDelay);
            expect([place.index, place.index + 1]).toContain(next.index);
            place = next;
          }
          expect(attempts).toBeLessThanOrEqual(length * (given.count + 1));
        },
      ),
    );
  });
});

describe("retryWishes", () => {
  const NOW = Date.parse("2026-01-01T00:00:00Z");
  it.each<[Record<string, string>, number | null]>([
    [{ "retry-after": "3" }, 3_000],
    [{ "retry-after": "0.25" }, 250],
    [{ "retry-after-ms": "120", "retry-after": "3" }, 120],
    [{ "retry-after": "Thu, 01 Jan 2026 00:00:07 GMT" }, 7_000],
    [{ "retry-after": "Wed, 31 Dec 2025 00:00:00 GMT" }, 0],
    [{ "retry-after": "-1" }, null],
    [{ "retry-after": "soon" }, null],
    [{ "retry-after": "2027" }, 2_027_000],
    [{}, null],
  ])("%j → %j", (headers, expected) => expect(retryWishes(headers, NOW).retryAfterMs).toBe(expected));
  it("reads x-should-retry", () => {
    expect(retryWishes({ "x-should-retry": "false" }, NOW).shouldRetry).toBe(false);
    expect(retryWishes({ "x-should-retry": "true" }, NOW).shouldRetry).toBe(true);
  });
  it("takes any text", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => {
        const { retryAfterMs } = retryWishes({ "retry-after": a, "retry-after-ms": b }, NOW);
        return retryAfterMs === null || (retryAfterMs >= 0 && Number.isFinite(retryAfterMs));
      }),
    );
  });
});

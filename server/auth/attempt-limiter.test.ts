import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createAttemptLimiter, FORGET_AFTER_MS, type Attempt } from "#server/auth/attempt-limiter.ts";
import { addressKey } from "#server/core/http/address.ts";

function limiterAt(startMs = 1_000_000) {
  const clock = { time: startMs, now: () => clock.time };
  return { clock, limiter: createAttemptLimiter({ clock }) };
}

const at = (address: string, account: string | null = null): Attempt => ({ kind: "token", address, account });

function fail(limiter: ReturnType<typeof createAttemptLimiter>, attempt: Attempt, times: number): void {
  for (let count = 0; count < times; count += 1) {
    limiter.failed(attempt);
  }
}

describe("AUTH-9 waiting", () => {
  test("the first failures cost nothing, each further one doubles the wait up to a quarter of an hour", () => {
    const { limiter } = limiterAt();
    const waits = Array.from({ length: 17 }, () => {
      limiter.failed(at("192.0.2.1"));
      return limiter.waitMs(at("192.0.2.1")) / 1_000;
    });
    expect(waits).toEqual([0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]);
  });

  test("loopback is no exception", () => {
    const { limiter } = limiterAt();
    fail(limiter, at("127.0.0.1"), 6);
    expect(limiter.waitMs(at("127.0.0.1"))).toBe(1_000);
  });

  test("the wait runs out with time, and the next failure waits longer", () => {
    const { clock, limiter } = limiterAt();
    fail(limiter, at("192.0.2.1"), 6);
    clock.time += 999;
    expect(limiter.waitMs(at("192.0.2.1"))).toBe(1);
    clock.time += 1;
    expect(limiter.waitMs(at("192.0.2.1"))).toBe(0);
    limiter.failed(at("192.0.2.1"));
    expect(limiter.waitMs(at("192.0.2.1"))).toBe(2_000);
  });

  test("one address, and one kind of credential, does not make another wait", () => {
    const { limiter } = limiterAt();
    fail(limiter, at("192.0.2.1"), 20);
    expect(limiter.waitMs(at("192.0.2.2"))).toBe(0);
    expect(limiter.waitMs({ kind: "link", address: "192.0.2.1", account: null })).toBe(0);
  });

  test("guesses at one account hold up its right credential from that address, and no other account or address", () => {
    const { limiter } = limiterAt();
    fail(limiter, at("192.0.2.1", "ana"), 10);
    expect(limiter.waitForRightMs(at("192.0.2.1", "ana"))).toBeGreaterThan(0);
    expect(limiter.waitForRightMs(at("192.0.2.1", "ben"))).toBe(0);
    expect(limiter.waitForRightMs(at("192.0.2.9", "ana"))).toBe(0);
    // What is wrong waits, whichever account it names next.
    expect(limiter.waitMs(at("192.0.2.1", "ben"))).toBeGreaterThan(0);
  });

  test("success forgives the account's failures, not the address's: a guesser may own one account", () => {
    const { limiter } = limiterAt();
    fail(limiter, at("192.0.2.1", "ana"), 8);
    limiter.succeeded(at("192.0.2.1", "ana"));
    expect(limiter.waitForRightMs(at("192.0.2.1", "ana"))).toBe(0);
    expect(limiter.waitMs(at("192.0.2.1"))).toBeGreaterThan(0);
  });

  test("a quiet hour starts afresh", () => {
    const { clock, limiter } = limiterAt();
    fail(limiter, at("192.0.2.1"), 8);
    clock.time += FORGET_AFTER_MS;
    limiter.failed(at("192.0.2.1"));
    expect(limiter.waitMs(at("192.0.2.1"))).toBe(0);
  });

  test("what another process noted counts where it is worse", () => {
    const { clock, limiter } = limiterAt();
    const noted: string[] = [];
    const other = createAttemptLimiter({
      clock,
      onChange: (key, entry) => (entry === null ? undefined : (noted.push(key), limiter.merge(key, entry))),
    });
    fail(other, at("192.0.2.1", "ana"), 7);
    expect(noted).toHaveLength(14);
    expect(limiter.waitMs(at("192.0.2.1"))).toBe(2_000);
    expect(limiter.waitForRightMs(at("192.0.2.1", "ana"))).toBe(2_000);
    fail(limiter, at("192.0.2.1"), 2);
    limiter.merge(noted[0] ?? "", { failures: 1, lastFailureAt: clock.now(), blockedUntil: 0 });
    expect(limiter.waitMs(at("192.0.2.1"))).toBe(8_000);
  });

  test("memory is bounded: what failed longest ago is forgotten first", () => {
    const clock = { now: () => 0 };
    const limiter = createAttemptLimiter({ clock, maxEntries: 2 });
    fail(limiter, at("192.0.2.1"), 6);
    fail(limiter, at("192.0.2.2"), 6);
    fail(limiter, at("192.0.2.1"), 1);
    fail(limiter, at("192.0.2.3"), 6);
    expect(["192.0.2.1", "192.0.2.2", "192.0.2.3"].map((address) => limiter.waitMs(at(address)) > 0)).toEqual([
      true,
      false,
      true,
    ]);
  });
});

describe("GHSA-5847-rm3g-23mw one budget per client", () => {
  test.each([
    ["1.2.3.4", "::ffff:1.2.3.4"],
    ["1.2.3.4", "::FFFF:102:304"],
    ["2001:db8::1", "2001:0db8:0:0:ffff::9"],
  ])("%s and %s share one", (one, other) => {
    const { limiter } = limiterAt();
    fail(limiter, at(one), 6);
    expect(limiter.waitMs(at(other))).toBe(1_000);
  });

  test("a wrong credential never waits less than the right one, whoever failed before", () => {
    const accounts = fc.constantFrom(null, "ana", "ben");
    const addresses = fc.constantFrom("192.0.2.1", "::ffff:192.0.2.1", "127.0.0.1");
    const attempts = fc.record({ kind: fc.constant("token" as const), address: addresses, account: accounts });
    fc.assert(
      fc.property(fc.array(attempts, { maxLength: 60 }), attempts, (failures, next) => {
        const { limiter } = limiterAt();
        failures.forEach((attempt) => limiter.failed(attempt));
        expect(limiter.waitMs(next)).toBeGreaterThanOrEqual(limiter.waitForRightMs(next));
      }),
    );
  });
});

describe("GHSA-5847-rm3g-23mw one budget for every spelling of an address", () => {
  test.each(["1.2.3.4", " 1.2.3.4 ", "::ffff:1.2.3.4", "::FFFF:1.2.3.4", "::ffff:0102:0304"])(
    "%j is 1.2.3.4",
    (spelling) => {
      expect(addressKey(spelling)).toBe("1.2.3.4");
    },
  );

  test.each(["2001:db8::1", "2001:0db8:0000:0000:0000:0000:0000:0001", "2001:DB8::ffff", "2001:db8:0:0:1:2:3:4%eth0"])(
    "%s belongs to 2001:db8::/64",
    (spelling) => {
      expect(addressKey(spelling)).toBe("2001:db8:0:0");
    },
  );

  test("loopback is itself", () => {
    expect(addressKey("::1")).toBe("0:0:0:0");
  });

  test("property: an IPv6 address has one key however it is written, shared by its /64 only", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 0xffff }), { minLength: 8, maxLength: 8 }), (groups) => {
        const long = groups.map((group) => group.toString(16).padStart(4, "0")).join(":");
        const short = groups.map((group) => group.toString(16)).join(":");
        expect(addressKey(long.toUpperCase())).toBe(addressKey(short));
        expect(addressKey(long)).toBe(
          groups
            .slice(0, 4)
            .map((group) => group.toString(16))
            .join(":"),
        );
      }),
    );
  });

  test("junk never throws", () => {
    fc.assert(fc.property(fc.string(), (text) => typeof addressKey(text) === "string"));
  });
});

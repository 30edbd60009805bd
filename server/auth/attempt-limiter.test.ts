import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createAttemptLimiter } from "#server/auth/attempt-limiter.ts";
import { addressKey } from "#server/core/http/address.ts";

function limiterAt(startMs = 1_000_000) {
  const clock = { time: startMs, now: () => clock.time };
  return { clock, limiter: createAttemptLimiter({ clock }) };
}

function fail(limiter: ReturnType<typeof createAttemptLimiter>, address: string, times: number): void {
  for (let count = 0; count < times; count += 1) {
    limiter.failed(address);
  }
}

describe("waiting", () => {
  test("the first failures cost nothing, each further one doubles the wait up to a minute", () => {
    const { limiter } = limiterAt();
    const waits = Array.from({ length: 14 }, () => {
      limiter.failed("192.0.2.1");
      return limiter.waitMs("192.0.2.1");
    });
    expect(waits).toEqual([0, 0, 0, 0, 0, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]);
  });

  test("loopback is no exception", () => {
    const { limiter } = limiterAt();
    fail(limiter, "127.0.0.1", 6);
    expect(limiter.waitMs("127.0.0.1")).toBe(1_000);
  });

  test("the wait runs out with time, and the next failure waits longer", () => {
    const { clock, limiter } = limiterAt();
    fail(limiter, "192.0.2.1", 6);
    clock.time += 999;
    expect(limiter.waitMs("192.0.2.1")).toBe(1);
    clock.time += 1;
    expect(limiter.waitMs("192.0.2.1")).toBe(0);
    limiter.failed("192.0.2.1");
    expect(limiter.waitMs("192.0.2.1")).toBe(2_000);
  });

  test("one address does not make another wait", () => {
    const { limiter } = limiterAt();
    fail(limiter, "192.0.2.1", 20);
    expect(limiter.waitMs("192.0.2.2")).toBe(0);
  });

  test("success and a quiet quarter of an hour start afresh", () => {
    const { clock, limiter } = limiterAt();
    fail(limiter, "192.0.2.1", 8);
    limiter.succeeded("192.0.2.1");
    expect(limiter.waitMs("192.0.2.1")).toBe(0);
    fail(limiter, "192.0.2.1", 6);
    clock.time += 15 * 60_000;
    limiter.failed("192.0.2.1");
    expect(limiter.waitMs("192.0.2.1")).toBe(0);
  });

  test("turned-away attempts are counted since the last failure", () => {
    const { limiter } = limiterAt();
    fail(limiter, "192.0.2.1", 6);
    expect([limiter.turnedAway("192.0.2.1"), limiter.turnedAway("192.0.2.1")]).toEqual([1, 2]);
    limiter.failed("192.0.2.1");
    expect(limiter.turnedAway("192.0.2.1")).toBe(1);
  });

  test("memory is bounded: the address that failed longest ago is forgotten first", () => {
    const clock = { now: () => 0 };
    const limiter = createAttemptLimiter({ clock, maxAddresses: 2, freeFailures: 0 });
    fail(limiter, "192.0.2.1", 1);
    fail(limiter, "192.0.2.2", 1);
    fail(limiter, "192.0.2.1", 1);
    fail(limiter, "192.0.2.3", 1);
    expect(["192.0.2.1", "192.0.2.2", "192.0.2.3"].map((address) => limiter.waitMs(address) > 0)).toEqual([
      true,
      false,
      true,
    ]);
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

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chooseTurns, keptText, MAX_HISTORY_CHARACTERS, MAX_TURN_CHARACTERS } from "#server/memory/policy.ts";

describe("chooseTurns", () => {
  it("gives the oldest first, in pairs", () => {
    const newestFirst = [
      { user: "second", assistant: "two" },
      { user: "first", assistant: "one" },
    ];
    expect(chooseTurns(newestFirst)).toEqual([
      { role: "user", content: "first" },
      { role: "assistant", content: "one" },
      { role: "user", content: "second" },
      { role: "assistant", content: "two" },
    ]);
    expect(chooseTurns([])).toEqual([]);
  });

  it("has the newest without a gap, as far as there is room", () => {
    const exchange = fc.record({ user: fc.string(), assistant: fc.nat(40_000).map((length) => "a".repeat(length)) });
    fc.assert(
      fc.property(fc.array(exchange, { maxLength: 8 }), (newestFirst) => {
        const chosen = chooseTurns(newestFirst);
        const count = chosen.length / 2;
        const size = (given: typeof newestFirst) =>
          given.reduce((sum, { user, assistant }) => sum + user.length + assistant.length, 0);
        expect(chosen).toEqual(
          newestFirst
            .slice(0, count)
            .reverse()
            .flatMap(({ user, assistant }) => [
              { role: "user", content: user },
              { role: "assistant", content: assistant },
            ]),
        );
        expect(size(newestFirst.slice(0, count))).toBeLessThanOrEqual(MAX_HISTORY_CHARACTERS);
        // One more would have been too much.
        expect(count === newestFirst.length || size(newestFirst.slice(0, count + 1)) > MAX_HISTORY_CHARACTERS).toBe(
          true,
        );
      }),
    );
  });
});

describe("keptText", () => {
  it("keeps what fits, and the beginning of what does not", () => {
    const whole = "a".repeat(MAX_TURN_CHARACTERS);
    expect(keptText(whole)).toBe(whole);
    expect(keptText(`${whole}b`)).toMatch(/^a+\n\[cut\]$/);
    expect(keptText(`${whole}b`)).toHaveLength(MAX_TURN_CHARACTERS);
  });

  it("never leaves half of a character", () => {
    for (const prefix of ["", "a"]) {
      const kept = keptText(prefix + "\u{1f600}".repeat(MAX_TURN_CHARACTERS));
      expect(kept.isWellFormed()).toBe(true);
      expect(kept.length).toBeLessThanOrEqual(MAX_TURN_CHARACTERS);
    }
  });
});

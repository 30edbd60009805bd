import { validateHeaderValue } from "node:http";
import { describe, expect, it } from "vitest";
import { limitHeaders } from "#server/gateway/limit-headers.ts";
import type { LimitState } from "#server/ratelimit/schema.ts";

const state = (source: string, remaining: number, retryAfterMs = 0): LimitState => ({
  rule: { source, key: "k", windowMs: 90_500, max: 10, skipSuccessful: false, skipFailed: false },
  remaining,
  retryAfterMs,
});

describe("limitHeaders", () => {
  it("RATE-2 lists every rule and tells how far the nearest is", () => {
    const nearest = state("b", 2);
    expect(limitHeaders([state("a", 5), nearest], nearest)).toEqual({
      ratelimit: '"b";r=2',
      "ratelimit-policy": '"a";q=10;w=91, "b";q=10;w=91',
    });
  });

  it("RATE-2 rounds the wait up to whole seconds", () => {
    const full = state("a", 0, 1_001);
    expect(limitHeaders([full], full)["ratelimit"]).toBe('"a";r=0;t=2');
  });

  it("is silent where no rule applies", () => {
    expect(limitHeaders([], null)).toEqual({});
  });

  it.each([
    ['quote"backslash\\', '"quote\\"backslash\\\\"'],
    ["助手", '"%E5%8A%A9%E6%89%8B"'],
    ["Müller\r\nx: y", '"M%C3%BCller%0D%0Ax: y"'],
    ["half \ud800", '"half %EF%BF%BD"'],
  ])("a name such as %j is a valid header", (name, written) => {
    const only = state(name, 1);
    const headers = limitHeaders([only], only);
    expect(headers["ratelimit"]).toBe(`${written};r=1`);
    for (const [header, value] of Object.entries(headers)) {
      validateHeaderValue(header, value);
    }
  });
});

import { describe, expect, test } from "vitest";
import { newTotpSeed, totpStepOf, totpUri } from "#server/auth/totp.ts";

/** RFC 6238, appendix B: the ASCII seed "12345678901234567890"; of its eight digits authenticators show the last six. */
const RFC_SEED = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
const RFC_VECTORS = [
  [59, "287082"],
  [1_111_111_109, "081804"],
  [1_111_111_111, "050471"],
  [1_234_567_890, "005924"],
  [2_000_000_000, "279037"],
  [20_000_000_000, "353130"],
] as const;

describe("AUTH-10 codes of authenticators", () => {
  test.each(RFC_VECTORS)("RFC 6238: at %i s the code is %s", (seconds, code) => {
    expect(totpStepOf(RFC_SEED, code, seconds * 1000, null)).toBe(Math.floor(seconds / 30));
  });

  test("a code lives for its 30 seconds, ten more for slow hands, and five before for fast clocks", () => {
    const at = (seconds: number) => totpStepOf(RFC_SEED, "287082", seconds * 1000, null);
    expect([24, 25, 30, 59, 60, 69, 70, 71].map(at)).toEqual([null, 1, 1, 1, 1, 1, null, null]);
  });

  test("a step that was used, and every earlier one, is refused", () => {
    expect(totpStepOf(RFC_SEED, "287082", 59_000, 0n)).toBe(1);
    expect(totpStepOf(RFC_SEED, "287082", 59_000, 1n)).toBeNull();
    expect(totpStepOf(RFC_SEED, "287082", 59_000, 2n)).toBeNull();
  });

  test.each(["", "28708", "2870822", "abcdef", "２８７０８２", "287 082", "-87082", "2.8e10"])(
    "%j is no code, and no error either",
    (text) => {
      expect(totpStepOf(RFC_SEED, text, 59_000, null)).toBeNull();
    },
  );

  test.each(["", "JBSWY3DPEHPK3PXP", "not base32!"])("the seed %j makes no code", (seed) => {
    expect(totpStepOf(seed, "287082", 59_000, null)).toBeNull();
  });

  test("seeds have 160 bits, differ, and stand in the address that apps read", () => {
    const seeds = new Set(Array.from({ length: 50 }, newTotpSeed));
    expect(seeds.size).toBe(50);
    expect([...seeds].every((seed) => /^[A-Z2-7]{32}$/.test(seed))).toBe(true);
    const uri = new URL(totpUri(RFC_SEED, "ada+x@example.com"));
    expect([uri.protocol, uri.searchParams.get("secret"), uri.searchParams.get("issuer")]).toEqual([
      "otpauth:",
      RFC_SEED,
      "OpenClaw",
    ]);
  });
});

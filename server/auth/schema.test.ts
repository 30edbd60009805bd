import { expect, test } from "vitest";
import { SetupCode } from "#server/auth/schema.ts";

const CODE = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJ-_01234";

test.each([CODE, ` ${CODE}\n`, `http://127.0.0.1:18789/setup#${CODE}`])("%j is taken as the code", (text) => {
  expect(SetupCode.parse(text)).toBe(CODE);
});

test.each(["", "short", `${CODE}x`, CODE.replace("a", "!"), "x".repeat(500), null, 42, undefined, { code: CODE }])(
  "%j is no code",
  (input) => {
    expect(SetupCode.safeParse(input).success).toBe(false);
  },
);

import { describe, expect, test } from "vitest";
import { passwordProblem } from "#server/auth/password-rules.ts";

const problem = (password: string) => passwordProblem(password, ["ada@example.com", "Ada Lovelace"]);

describe("AUTH-10 new passwords", () => {
  test.each(["", "short", "eleven char"])("%j is too short", (password) => {
    expect(problem(password)).toBe("password_short");
  });

  test("256 characters pass, more do not; none is cut off", () => {
    const words = "quiet otter under ninety lamps ".repeat(9).slice(0, 256);
    expect([problem(words), problem(`${words}x`)]).toEqual([null, "password_long"]);
  });

  test.each([
    "password1234",
    "P@ssw0rd2024!",
    "Passw0rd!Passw0rd!",
    "letmeinletmein",
    "administrator1",
    "iloveyou123456",
    "qwertyuiop12",
    "1qaz2wsx3edc",
    "123456789012",
    "aaaaaaaaaaaa",
    "abcabcabcabc",
    "correcthorsebatterystaple",
    "openclaw-gateway",
    "Welcome2Summer2024",
  ])("%j is tried first by guessers", (password) => {
    expect(problem(password)).toBe("password_common");
  });

  test.each(["ada@example.com", "Ada.Lovelace.1815", "adalovelace!!"])(
    "%j is its owner's name or address",
    (password) => {
      expect(problem(password)).toBe("password_personal");
    },
  );

  test.each([
    "quiet otter under ninety lamps",
    "xK9#mPq2vL8w",
    "839201748561",
    "my cat sleeps on the piano",
    "пароль и еще что-то",
    "木を見て森を見ずに歩く旅人",
  ])("%j may be chosen: no rules of composition", (password) => {
    expect(problem(password)).toBeNull();
  });
});

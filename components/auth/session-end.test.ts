import { expect, test } from "vitest";
import { sessionEnd } from "#components/auth/session-end.ts";

const at = (minutes: number): Date => new Date(minutes * 60_000);
const MINUTE = 60_000;

test("there is a warning two minutes before the idle end, and no sooner", () => {
  const session = { idleUntil: at(30), expiresAt: at(720) };
  expect(sessionEnd(session, 0)).toBeNull();
  expect(sessionEnd(session, 28 * MINUTE - 1)).toBeNull();
  expect(sessionEnd(session, 28 * MINUTE)).toEqual({ leftMs: 2 * MINUTE, why: "idle" });
  expect(sessionEnd(session, 31 * MINUTE)).toEqual({ leftMs: -MINUTE, why: "idle" });
});

test("an end that use cannot put off is named as such", () => {
  expect(sessionEnd({ idleUntil: at(725), expiresAt: at(720) }, 719 * MINUTE)).toEqual({
    leftMs: MINUTE,
    why: "absolute",
  });
});

import { describe, expect, test } from "vitest";
import { keyCommand, type KeyPress } from "#components/layout/key-commands.ts";
import { DESTINATIONS } from "#components/layout/navigation.ts";

const press = (changes: Partial<KeyPress>): KeyPress => ({
  key: "x",
  ctrl: false,
  meta: false,
  alt: false,
  typing: false,
  covered: false,
  afterPrefix: false,
  singleKeys: true,
  ...changes,
});

test.each([
  [{ key: "/" }, { kind: "filter" }],
  [{ key: "?" }, { kind: "help" }],
  [{ key: "g" }, { kind: "prefix" }],
  [
    { key: "t", afterPrefix: true },
    { kind: "go", key: "t" },
  ],
  [{ key: "k", ctrl: true }, { kind: "palette" }],
  [{ key: "k", meta: true, typing: true }, { kind: "palette" }],
  [{ key: "x" }, null],
])("%j means %j", (changes, command) => {
  expect(keyCommand(press(changes))).toEqual(command);
});

describe.each(["/", "?", "g"])("the single key %s", (key) => {
  test.each(["typing", "covered", "ctrl", "meta", "alt"] as const)("means nothing with %s", (state) => {
    expect(keyCommand(press({ key, [state]: true }))).toBeNull();
  });

  test("means nothing once single keys are switched off (WCAG 2.1.4)", () => {
    expect(keyCommand(press({ key, singleKeys: false }))).toBeNull();
  });
});

test("every screen has a key and an address of its own", () => {
  expect(new Set(DESTINATIONS.map(({ key }) => key)).size).toBe(DESTINATIONS.length);
  expect(new Set(DESTINATIONS.map(({ path }) => path)).size).toBe(DESTINATIONS.length);
});

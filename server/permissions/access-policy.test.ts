import { expect, test } from "vitest";
import { accessFindings, type LiveToken } from "#server/permissions/access-policy.ts";

const NOW = new Date("2026-11-25T12:00:00Z");
const daysAgo = (days: number): Date => new Date(NOW.getTime() - days * 86_400_000);

const role = (...permissions: string[]) => ({ permissions, channels: ["*"], commands: ["*"], source: "the file" });
const token = (id: string, changes: Partial<LiveToken> = {}): LiveToken => ({
  id,
  name: "bot",
  role: "user",
  createdAt: daysAgo(1),
  expiresAt: daysAgo(-30),
  lastUsedAt: NOW,
  ...changes,
});

function found(
  roles: Record<string, ReturnType<typeof role>>,
  tokens: LiveToken[],
  users: Record<string, string> = {},
): string[] {
  const policy = {
    roles: new Map(Object.entries(roles)),
    users: new Map(
      Object.entries(users).map(([id, name]) => [id, { role: name, channels: null, restrictions: null, source: "" }]),
    ),
  };
  return accessFindings({ policy, builtIn: new Set(["admin", "user", "readonly"]), tokens }, NOW).map(
    ({ kind, subject }) => `${kind} ${subject}`,
  );
}

const BUILT_IN = { admin: role("*"), user: role("read", "write"), readonly: role("read") };

test("MON-6 what comes with the product and is in use is no finding", () => {
  expect(found(BUILT_IN, [token("a"), token("b", { role: "admin" })])).toEqual([]);
});

test("MON-6 roles of one's own: unused, over-wide", () => {
  const roles = { ...BUILT_IN, mine: role("read"), wide: role("*"), idle: role("read") };
  expect(found(roles, [token("a", { role: "wide" })], { ana: "mine" })).toEqual([
    "wide_role role wide",
    "unused_role role idle",
  ]);
});

test("MON-6 tokens that nobody used for 90 days, or that could do everything for ever", () => {
  const tokens = [
    token("used", { lastUsedAt: daysAgo(89) }),
    token("old", { createdAt: daysAgo(400), lastUsedAt: daysAgo(90) }),
    token("never", { createdAt: daysAgo(90), lastUsedAt: null }),
    token("new", { lastUsedAt: null }),
    token("endless", { role: "admin", expiresAt: null }),
    token("small", { expiresAt: null }),
  ];
  expect(found(BUILT_IN, tokens)).toEqual([
    "dormant_token token old (bot)",
    "dormant_token token never (bot)",
    "endless_token token endless (bot)",
  ]);
});

import { expect, test } from "vitest";
import { mergePolicy } from "#server/access/merge-policy.ts";
import type { PolicySnapshot } from "#server/access/schema.ts";
import { loadConfig } from "#server/config/index.ts";
import { exportPolicy } from "#server/configuration/export-policy.ts";
import { configuredPolicy } from "#server/policy-inputs.ts";

const POLICY: PolicySnapshot = {
  enabled: true,
  roles: new Map([["user", { permissions: ["read"], channels: ["api"], commands: ["help"], source: "s" }]]),
  users: new Map([
    [
      "u@1",
      {
        role: "user",
        channels: null,
        restrictions: { maxMessages: 5, timeWindowMs: 60_000 },
        memberId: "mem_u",
        source: "s",
      },
    ],
  ]),
  channels: new Map([
    [
      "api",
      {
        allowedUsers: ["*"],
        allowedRoles: [],
        blockedUsers: ["eve"],
        allowedCommands: null,
        blockedCommands: ["run"],
        source: "s",
      },
    ],
  ]),
};
const withoutSources = (policy: PolicySnapshot) =>
  [policy.roles, policy.users, policy.channels].map((entries) =>
    [...entries].map(([name, entry]) => [name, { ...entry, source: "" }]),
  );

test("what is exported means the same when the file owns it", () => {
  const loaded = loadConfig("x", { text: exportPolicy(POLICY, new Set()) });
  const policy = mergePolicy(configuredPolicy(loaded), { roles: [], users: [], channels: [] });
  expect(withoutSources(policy)).toEqual(withoutSources(POLICY));
});

test("sections that the file owns are left out", () => {
  expect(exportPolicy(POLICY, new Set(["channels", "security.authorization.users"]))).not.toMatch(/channels: \{\n|u@1/);
});

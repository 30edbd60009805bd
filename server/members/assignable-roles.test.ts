import { expect, test } from "vitest";
import { unlimitedGrantor } from "#server/access/index.ts";
import type { PolicySnapshot } from "#server/access/schema.ts";
import { assignableRoles } from "#server/members/assignable-roles.ts";

const role = (permissions: string[], channels = ["*"], commands = ["*"]) => ({
  permissions,
  channels,
  commands,
  source: "test",
});
const policy: PolicySnapshot = {
  enabled: true,
  roles: new Map([
    ["viewer", role(["read"], [], [])],
    ["people", role(["read", "members:*"], ["api"], ["help"])],
    ["admin", role(["*"])],
    ["chatter", role(["read"], ["telegram"], ["help"])],
  ]),
  users: new Map(),
  channels: new Map(),
};
const actor = { type: "member", id: "mem_1" } as const;

test("the operator may give every role, by name", () => {
  expect(assignableRoles(policy, unlimitedGrantor(actor))).toEqual(
    ["admin", "chatter", "people", "viewer"].map((name) => ({ name, isWithinReach: true })),
  );
});

test("CVE-2026-33579 whoever manages members may give no role that holds more than theirs, in permissions or channels", () => {
  const own = { ...unlimitedGrantor(actor), role: "people", ...policy.roles.get("people") };
  const reach = assignableRoles(policy, own).filter(({ isWithinReach }) => isWithinReach);
  expect(reach.map(({ name }) => name)).toEqual(["people", "viewer"]);
});

import { describe, expect, it } from "vitest";
import { mergePolicy, type StoredPolicy } from "#server/access/merge-policy.ts";

const stored: StoredPolicy = {
  roles: [{ name: "user", permissions: ["read"], channels: ["api"], commands: ["help"] }],
  users: [
    { id: "ana", roleName: "user", channels: null, maxMessages: 3, timeWindowMs: 1000 },
    { id: "bob", roleName: "user", channels: [], maxMessages: null, timeWindowMs: null },
  ],
  channels: [
    {
      channel: "api",
      allowedUsers: ["*"],
      allowedRoles: [],
      blockedUsers: [],
      allowedCommands: ["*"],
      blockedCommands: [],
    },
  ],
};

describe("mergePolicy", () => {
  it("takes absent sections from the database and names the record as source", () => {
    const policy = mergePolicy({ enabled: true, roles: undefined, users: undefined, channels: undefined }, stored);
    expect(policy.roles.get("user")).toMatchObject({ channels: ["api"], source: 'role "user"' });
    expect(policy.users.get("ana")).toMatchObject({
      channels: null,
      restrictions: { maxMessages: 3, timeWindowMs: 1000 },
    });
    expect(policy.users.get("bob")).toMatchObject({ channels: [], restrictions: null, source: 'user "bob"' });
    expect(policy.channels.get("api")).toMatchObject({ allowedUsers: ["*"], source: 'channel "api"' });
  });

  it("a section in the file owns it whole: nothing of the database's shines through", () => {
    const policy = mergePolicy(
      { enabled: true, roles: {}, users: { bob: { role: "admin" } }, channels: { slack: {} } },
      stored,
    );
    expect([...policy.roles]).toEqual([]);
    expect([...policy.users.keys()]).toEqual(["bob"]);
    expect(policy.channels.get("slack")).toMatchObject({
      allowedUsers: [],
      allowedRoles: [],
      blockedUsers: [],
      source: "channels.slack.permissions",
    });
    expect(policy.channels.has("api")).toBe(false);
  });

  it("AUTHZ-5 names configuration paths as they are typed, and finds no rule behind a name of JavaScript's own", () => {
    const table = Object.assign(Object.create(null) as Record<string, { role: string }>, {
      "slack:U01": { role: "user" },
      "ana@example.com": { role: "user" },
      constructor: { role: "user" },
    });
    const policy = mergePolicy({ enabled: true, roles: {}, users: table, channels: {} }, stored);
    expect([...policy.users.values()].map(({ source }) => source)).toEqual([
      'security.authorization.users["slack:U01"]',
      'security.authorization.users["ana@example.com"]',
      "security.authorization.users.constructor",
    ]);
    expect([policy.roles.get("toString"), policy.channels.get("__proto__"), policy.users.get("valueOf")]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });
});

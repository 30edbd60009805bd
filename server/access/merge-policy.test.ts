import { describe, expect, it } from "vitest";
import { mergePolicy, type StoredPolicy } from "#server/access/merge-policy.ts";

const stored: StoredPolicy = {
  roles: [{ name: "user", permissions: ["read"], channels: ["api"], commands: ["help"] }],
  users: [{ id: "ana", roleName: "user", channels: [], maxMessages: 3, timeWindowMs: 1000 }],
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
      allowedUsers: null,
      blockedUsers: [],
      source: "channels.slack.permissions",
    });
    expect(policy.channels.has("api")).toBe(false);
  });
});

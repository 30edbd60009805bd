import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ChannelRules, PolicySnapshot, UserPolicy } from "#server/access/schema.ts";
import { resolveSender } from "#server/channels/identity.ts";

const rules = (over: Partial<ChannelRules>): ChannelRules => ({
  allowedUsers: [],
  allowedRoles: ["user"],
  blockedUsers: [],
  allowedCommands: null,
  blockedCommands: [],
  source: "test",
  ...over,
});
const user = (channels: string[] | null): UserPolicy => ({ role: "admin", channels, restrictions: null, source: "t" });

interface World {
  rules?: Partial<ChannelRules>;
  users?: Record<string, UserPolicy>;
  /** senderId → user, on `telegram` only */
  bound?: Record<string, string>;
}

function resolve(world: World, channel: string, senderId: string) {
  const snapshot: PolicySnapshot = {
    enabled: true,
    roles: new Map(),
    users: new Map(Object.entries(world.users ?? {})),
    channels: world.rules === undefined ? new Map() : new Map([[channel, rules(world.rules)]]),
  };
  const bound = new Map(Object.entries(world.bound ?? {}));
  const identities = { userOf: (on: string, id: string) => (on === "telegram" ? bound.get(id) : undefined) };
  return resolveSender({ policy: { current: () => snapshot }, identities }, channel, { senderId });
}

describe("who a sender is", () => {
  it.each<[string, World, string, string, object]>([
    ["nobody", {}, "telegram", "1", { kind: "unknown" }],
    ["bound here", { bound: { "1": "ana" } }, "telegram", "1", { kind: "known", userId: "ana", paired: true }],
    ["bound elsewhere", { bound: { "1": "ana" } }, "slack", "1", { kind: "unknown" }],
    ["named by the channel", { rules: { allowedUsers: ["1"] } }, "slack", "1", { userId: "1", paired: false }],
    ["named by a record of here", { users: { "1": user(["slack"]) } }, "slack", "1", { userId: "1", paired: false }],
    ["a record for elsewhere", { users: { "1": user(["telegram"]) } }, "slack", "1", { kind: "unknown" }],
    ["a record for everywhere names no channel", { users: { "1": user(["*"]) } }, "slack", "1", { kind: "unknown" }],
    ["a record without channels", { users: { "1": user(null) } }, "slack", "1", { kind: "unknown" }],
    ["an open channel", { rules: { allowedUsers: ["*"] } }, "slack", "1", { kind: "known", userId: "1" }],
    [
      "an open channel makes nobody a person of another place",
      { rules: { allowedUsers: ["*"] }, users: { "1": user(null) } },
      "slack",
      "1",
      { kind: "unknown" },
    ],
    [
      "a blocked id stays blocked, whomever it was bound to",
      { rules: { blockedUsers: ["1"] }, bound: { "1": "ana" } },
      "telegram",
      "1",
      { kind: "known", userId: "1", paired: false },
    ],
    ["a role that the channel admits names nobody", { rules: {} }, "slack", "1", { kind: "unknown" }],
  ])("%s", (_, world, channel, senderId, expected) => {
    expect(resolve(world, channel, senderId)).toMatchObject(expected);
  });

  it("CVE-2026-28480: an id that only looks like a bound one is nobody", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 12 }), (senderId) => {
        fc.pre(senderId !== "4711");
        expect(resolve({ bound: { "4711": "ana" }, users: { ana: user(null) } }, "telegram", senderId)).toEqual({
          kind: "unknown",
        });
      }),
    );
  });
});

import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { channelHints, type HintCode } from "#server/access/channels/hints.ts";
import { decide } from "#server/access/policy.ts";
import type { ChannelRules, PolicySnapshot, Principal } from "#server/access/schema.ts";

const RULES: Omit<ChannelRules, "source"> = {
  allowedUsers: ["ana"],
  allowedRoles: ["user"],
  blockedUsers: [],
  allowedCommands: ["*"],
  blockedCommands: [],
};
const role = (channels: string[]) => ({ permissions: ["*"], channels, commands: ["*"], source: "r" });
const user = (name: string, channels: string[] | null = null) => ({
  role: name,
  channels,
  restrictions: null,
  source: "u",
});
const POLICY: Pick<PolicySnapshot, "roles" | "users"> = {
  roles: new Map([
    ["user", role(["slack"])],
    ["elsewhere", role(["api"])],
  ]),
  users: new Map([
    ["ana", user("user")],
    ["ben", user("elsewhere")],
    ["cem", user("gone")],
    ["dia", user("user", ["api"])],
  ]),
};

const codes = (rules: Partial<typeof RULES>): HintCode[] =>
  channelHints("slack", { ...RULES, ...rules }, POLICY).map(({ code }) => code);

test("AUTHZ-3 rules that do what they say have no hints", () => {
  expect(codes({})).toEqual([]);
  expect(codes({ allowedUsers: ["*"], allowedRoles: ["*"] })).toEqual([]);
});

describe("AUTHZ-3 a hint tells", () => {
  it.each<[string, Partial<typeof RULES>, HintCode]>([
    ["of a user who is allowed and blocked", { blockedUsers: ["ana"] }, "user_blocked_and_allowed"],
    ["of a block of everybody", { blockedUsers: ["*"] }, "everybody_blocked"],
    ["of rules that let nobody in", { allowedUsers: [], allowedRoles: [] }, "nobody_admitted"],
    ["of an allowed user whose role has not the channel", { allowedUsers: ["ben"] }, "user_without_channel"],
    ["of an allowed user whose own record has not the channel", { allowedUsers: ["dia"] }, "user_without_channel"],
    ["of an allowed user whose role is gone", { allowedUsers: ["cem"] }, "user_role_unknown"],
    ["of an allowed stranger", { allowedUsers: ["zoe"] }, "user_without_record"],
    ["of an allowed role that is gone", { allowedRoles: ["gone"] }, "role_unknown"],
    ["of an allowed role that has not the channel", { allowedRoles: ["elsewhere"] }, "role_without_channel"],
    [
      "of a command that is allowed and blocked",
      { allowedCommands: ["a", "b"], blockedCommands: ["b"] },
      "command_blocked_and_allowed",
    ],
    ["of no command being left", { allowedCommands: [] }, "no_command"],
    ["of all commands being blocked", { blockedCommands: ["*"] }, "no_command"],
  ])("%s", (_, rules, code) => {
    expect(codes(rules)).toContain(code);
  });
});

/** What `decide` says of a person by a bot with the person's own role. */
function admitted(id: string, rules: typeof RULES): boolean {
  const policy: PolicySnapshot = {
    ...POLICY,
    enabled: true,
    channels: new Map([["slack", { ...rules, source: "c" }]]),
  };
  const own = POLICY.users.get(id)?.role ?? "user";
  const bot: Principal = {
    id: "b",
    kind: "token",
    tokenId: null,
    ownerId: "",
    name: "b",
    role: own,
    scopes: [],
    channels: [],
    boundUserId: null,
  };
  return decide(policy, bot, { channel: "slack", command: "status", permission: "status:read", userId: id }).allow;
}

test("a person said to stay out is refused by the gate, whatever the rules", () => {
  const people = fc.subarray(["ana", "ben", "cem", "dia", "*"]);
  const roles = fc.subarray(["user", "elsewhere", "gone", "*"]);
  fc.assert(
    fc.property(people, roles, people, (allowedUsers, allowedRoles, blockedUsers) => {
      const rules = { ...RULES, allowedUsers, allowedRoles, blockedUsers };
      for (const { code, message } of channelHints("slack", rules, POLICY)) {
        const id = /^"(\w+)"/.exec(message)?.[1];
        if (code !== "user_without_record" && id !== undefined) {
          expect(admitted(id, rules)).toBe(false);
        }
        if (code === "nobody_admitted" || code === "everybody_blocked") {
          expect([...POLICY.users.keys()].filter((each) => admitted(each, rules))).toEqual([]);
        }
      }
    }),
  );
});

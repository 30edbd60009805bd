import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decide } from "#server/access/policy.ts";
import type {
  AccessRequest,
  ChannelRules,
  PolicySnapshot,
  Principal,
  RolePolicy,
  UserPolicy,
} from "#server/access/schema.ts";

const role = (
  permissions: string[],
  channels: string[],
  commands: string[],
  source = "security.authorization.roles.x",
): RolePolicy => ({ permissions, channels, commands, source });
const rules = (over: Partial<ChannelRules>): ChannelRules => ({
  allowedUsers: [],
  allowedRoles: ["*"],
  blockedUsers: [],
  allowedCommands: null,
  blockedCommands: [],
  source: "channels.whatsapp.permissions",
  ...over,
});
const principal = (over: Partial<Principal> = {}): Principal => ({
  id: "token:t1",
  kind: "token",
  tokenId: "t1",
  ownerId: "operator",
  name: "bot",
  role: "user",
  scopes: [],
  channels: [],
  boundUserId: null,
  ...over,
});
const ask: AccessRequest = { channel: "whatsapp", command: "ask", permission: "messages:send", userId: "user123" };

/** The guide's own policy. */
const GUIDE: PolicySnapshot = {
  enabled: true,
  roles: new Map([
    ["admin", role(["*"], ["*"], ["*"], "security.authorization.roles.admin")],
    [
      "user",
      role(["read", "write"], ["whatsapp", "telegram"], ["help", "status", "ask"], "security.authorization.roles.user"),
    ],
    ["readonly", role(["read"], ["*"], ["help", "status"], "security.authorization.roles.readonly")],
  ]),
  users: new Map<string, UserPolicy>([
    [
      "user123",
      { role: "user", channels: ["whatsapp"], restrictions: null, source: "security.authorization.users.user123" },
    ],
  ]),
  channels: new Map([
    [
      "whatsapp",
      rules({
        allowedUsers: ["user123", "user456"],
        allowedRoles: ["admin", "user"],
        blockedUsers: ["spam_user"],
        allowedCommands: ["help", "status", "ask"],
        blockedCommands: ["config", "admin"],
      }),
    ],
  ]),
};

describe("decide on the guide's policy", () => {
  it.each<[string, Partial<Principal>, Partial<AccessRequest>, string, string]>([
    ["AUTHZ-1 allows what the role lists", {}, {}, "allowed", "security.authorization.roles.user.commands"],
    [
      "AUTHZ-1 refuses a channel the role lacks",
      {},
      { channel: "discord", userId: null },
      "channel_not_in_role",
      "security.authorization.roles.user.channels",
    ],
    [
      "AUTHZ-1 refuses a command the role lacks",
      {},
      { command: "run", permission: "runs:create" },
      "command_not_in_role",
      "security.authorization.roles.user.commands",
    ],
    ["AUTHZ-1 refuses an unknown role", { role: "ghost" }, {}, "role_unknown", 'role "ghost"'],
    [
      "AUTHZ-1 refuses a command whose permission the role lacks",
      { role: "readonly" },
      { channel: "discord", userId: null },
      "command_not_in_role",
      "security.authorization.roles.readonly.commands",
    ],
    [
      "AUTHZ-2 the user's channels narrow the role's",
      { role: "admin" },
      { channel: "telegram" },
      "channel_not_in_user",
      "security.authorization.users.user123.channels",
    ],
    [
      "AUTHZ-2 the user's role narrows the token's",
      { role: "admin" },
      { command: "run", permission: "runs:create" },
      "command_not_in_role",
      "security.authorization.roles.user.commands",
    ],
    [
      "AUTHZ-3 block beats allow",
      { role: "admin" },
      { userId: "spam_user" },
      "user_blocked",
      "channels.whatsapp.permissions.blockedUsers",
    ],
    [
      "AUTHZ-3 a blocked command stays blocked for admins",
      { role: "admin" },
      { command: "config", permission: "config:read", userId: null },
      "command_blocked",
      "channels.whatsapp.permissions.commands.blocked",
    ],
    [
      "AUTHZ-3 a command outside the allow list is refused",
      { role: "admin" },
      { command: "run", permission: "runs:create", userId: null },
      "command_not_in_channel",
      "channels.whatsapp.permissions.commands.allowed",
    ],
    [
      "AUTHZ-3 an unlisted user with an unlisted role is refused",
      { role: "readonly" },
      { command: "help", permission: "status:read", userId: "stranger" },
      "user_not_allowed",
      "channels.whatsapp.permissions.allowedUsers",
    ],
    ["AUTHZ-6 a bound token cannot name another user", { boundUserId: "ana" }, {}, "user_mismatch", "token:t1"],
    ["AUTHZ-6 a token's channels narrow its role", { channels: ["telegram"] }, {}, "channel_not_in_token", "token:t1"],
    ["AUTHZ-6 a token's scopes narrow its role", { scopes: ["read"] }, {}, "scope_missing", "token:t1"],
  ])("%s", (_name, who, what, code, because) => {
    expect(decide(GUIDE, principal(who), { ...ask, ...what })).toMatchObject({
      code,
      because,
      allow: code === "allowed",
    });
  });

  it("AUTHZ-4 switched off allows what nobody blocked, and still honours blocks", () => {
    const off = { ...GUIDE, enabled: false };
    expect(decide(off, principal({ role: "ghost" }), { ...ask, channel: "anything", userId: null })).toMatchObject({
      allow: true,
      code: "authorization_disabled",
    });
    expect(decide(off, principal(), { ...ask, userId: "spam_user" })).toMatchObject({
      allow: false,
      code: "user_blocked",
    });
  });

  it("AUTHZ-3 an approved pairing stands for the channel's lists of people, and for nothing else", () => {
    const closed = (over: Partial<ChannelRules>): PolicySnapshot => ({
      ...GUIDE,
      channels: new Map([["whatsapp", rules({ allowedRoles: [], ...over })]]),
    });
    const sender = (paired: boolean): Principal => principal({ boundUserId: "user123", paired });
    const answer = (over: Partial<ChannelRules>, paired: boolean, asked: Partial<AccessRequest> = {}) =>
      decide(closed(over), sender(paired), { ...ask, ...asked }).code;
    expect(answer({}, true)).toBe("allowed");
    expect(answer({}, false)).toBe("user_not_allowed");
    expect(answer({ blockedUsers: ["user123"] }, true)).toBe("user_blocked");
    expect(answer({ blockedCommands: ["ask"] }, true)).toBe("command_blocked");
    expect(answer({ allowedCommands: ["help"] }, true)).toBe("command_not_in_channel");
    expect(answer({}, true, { command: "run", permission: "runs:create" })).toBe("command_not_in_role");
  });
  it("AUTHZ-3 an empty allow list admits nobody", () => {
    const closed = { ...GUIDE, channels: new Map([["whatsapp", rules({ allowedUsers: [], allowedRoles: [] })]]) };
    expect(decide(closed, principal({ role: "admin" }), ask)).toMatchObject({ allow: false, code: "user_not_allowed" });
  });
});

const NAMES = ["a", "b", "c"];
const names = fc.subarray(NAMES);
const listOrStar = fc.oneof(names, fc.constant(["*"]));
const anyRole = fc.record({
  permissions: fc.subarray(["read", "write", "*", "runs:create"]),
  channels: listOrStar,
  commands: listOrStar,
  source: fc.constant("r"),
});
const anyRules: fc.Arbitrary<ChannelRules> = fc.record({
  allowedUsers: listOrStar,
  allowedRoles: listOrStar,
  blockedUsers: names,
  allowedCommands: fc.option(names, { nil: null }),
  blockedCommands: names,
  source: fc.constant("c"),
});
const anyUser = fc.record({
  role: fc.constantFrom(...NAMES),
  channels: fc.option(names, { nil: null }),
  restrictions: fc.constant(null),
  source: fc.constant("u"),
});
const mapOf = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<Map<string, T>> =>
  fc.dictionary(fc.constantFrom(...NAMES), value).map((table) => new Map(Object.entries(table)));
const anySnapshot = fc.record({
  enabled: fc.constant(true),
  roles: mapOf(anyRole),
  users: mapOf(anyUser),
  channels: mapOf(anyRules),
});
const anyPrincipal = fc.record({
  role: fc.constantFrom(...NAMES),
  scopes: fc.subarray(["read", "write"]),
  channels: names,
  boundUserId: fc.option(fc.constantFrom(...NAMES), { nil: null }),
});
const anyRequest = fc.record({
  channel: fc.constantFrom(...NAMES),
  command: fc.constantFrom(...NAMES),
  permission: fc.constantFrom("status:read", "messages:send", "runs:create"),
  userId: fc.option(fc.constantFrom(...NAMES), { nil: null }),
});

describe("decide on any policy", () => {
  it("AUTHZ-1 an empty policy allows nothing", () => {
    fc.assert(
      fc.property(anyPrincipal, anyRequest, (who, what) => {
        const empty = { enabled: true, roles: new Map(), users: new Map(), channels: new Map() };
        expect(decide(empty, principal(who), what).allow).toBe(false);
      }),
    );
  });

  it("AUTHZ-3 adding a block never allows what was refused, and always refuses who it names", () => {
    fc.assert(
      fc.property(anySnapshot, anyPrincipal, anyRequest, (snapshot, who, what) => {
        const before = decide(snapshot, principal(who), what);
        const old = snapshot.channels.get(what.channel) ?? rules({});
        const subject = what.userId ?? who.boundUserId;
        const blocking = {
          ...old,
          blockedUsers: [...old.blockedUsers, ...(subject === null ? [] : [subject])],
          blockedCommands: [...old.blockedCommands, what.command],
        };
        const after = decide(
          { ...snapshot, channels: new Map(snapshot.channels).set(what.channel, blocking) },
          principal(who),
          what,
        );
        expect(after.allow).toBe(false);
        expect(before.allow && after.allow).toBe(false);
      }),
    );
  });

  it("AUTHZ-2 a user record or a token restriction never widens what is allowed without it", () => {
    fc.assert(
      fc.property(anySnapshot, anyPrincipal, anyRequest, (snapshot, who, what) => {
        fc.pre(decide(snapshot, principal(who), what).allow);
        const wide = { ...snapshot, users: new Map<string, UserPolicy>() };
        const unrestricted = principal({ ...who, scopes: [], channels: [] });
        const open = { ...wide, channels: new Map<string, ChannelRules>() };
        expect(decide(open, unrestricted, what).allow).toBe(true);
      }),
    );
  });

  it("AUTHZ-5 every denial names a code, a rule and a sentence", () => {
    fc.assert(
      fc.property(anySnapshot, anyPrincipal, anyRequest, (snapshot, who, what) => {
        const decision = decide(snapshot, principal(who), what);
        expect(decision.because).not.toBe("");
        expect(decision.allow || decision.message.length > 10).toBe(true);
      }),
    );
  });
});

/** Names are ids: compared exactly, never resolved, folded or looked up on an object. */
import { describe, expect, it } from "vitest";
import { explain } from "#server/access/explain.ts";
import { mergePolicy, type ConfiguredPolicy } from "#server/access/merge-policy.ts";
import { decide } from "#server/access/policy.ts";
import type { AccessRequest, Principal } from "#server/access/schema.ts";

const NOTHING_STORED = { roles: [], users: [], channels: [] };
const EVERYTHING = { permissions: ["*"], channels: ["*"], commands: ["*"] };
const OPEN: ConfiguredPolicy = { enabled: true, roles: { bot: EVERYTHING }, users: {}, channels: {} };
const bot: Principal = {
  id: "token:t1",
  kind: "token",
  tokenId: "t1",
  ownerId: "operator",
  name: "bot",
  role: "bot",
  scopes: [],
  channels: [],
  boundUserId: null,
};
const ask: AccessRequest = { channel: "slack", command: "ask", permission: "messages:send", userId: "U024BE7LH" };

const LOOK_ALIKES: readonly [how: string, id: string][] = [
  ["other case", "u024be7lh"],
  ["trailing dot", "U024BE7LH."],
  ["trailing blank", "U024BE7LH "],
  ["leading @", "@U024BE7LH"],
  ["full-width", "Ｕ024BE7LH"],
  ["zero-width joiner", "U024\u200dBE7LH"],
  ["zero-width space at the end", "U024BE7LH\u200b"],
  ["soft hyphen", "U024\u00adBE7LH"],
  ["Cyrillic Ве", "U024ВЕ7LH"],
  ["prefix", "U024BE7L"],
  ["longer", "U024BE7LHH"],
  ["with the platform in front", "slack:U024BE7LH"],
  ["display name", "Ana Admin"],
  ["wildcard", "*"],
  ["pattern", "U024.*"],
  ["several in one", "U024BE7LH,U1"],
];

describe("CVE-2026-28480 CVE-2026-28471 GHSA-4cqv names that look like another's", () => {
  const policy = mergePolicy(
    { ...OPEN, channels: { slack: { permissions: { allowedUsers: ["U024BE7LH"], allowedRoles: ["bot"] } } } },
    NOTHING_STORED,
  );

  it("AUTHZ-3 the id itself is admitted", () => {
    expect(decide(policy, bot, ask)).toMatchObject({ allow: true });
  });

  it.each(LOOK_ALIKES)("AUTHZ-3 %s is a stranger, and a bot's role opens the channel for no stranger", (_, userId) => {
    expect(decide(policy, bot, { ...ask, userId })).toMatchObject({
      allow: false,
      code: "user_not_allowed",
      because: "channels.slack.permissions.allowedUsers",
    });
  });

  it.each(LOOK_ALIKES)("AUTHZ-2 %s has not the record of that user", (_, userId) => {
    const users = { U024BE7LH: { role: "bot" } };
    const admitted = mergePolicy(
      { ...OPEN, users, channels: { slack: { permissions: { allowedRoles: ["bot"] } } } },
      NOTHING_STORED,
    );
    expect(decide(admitted, bot, ask).allow).toBe(true);
    expect(decide(admitted, bot, { ...ask, userId }).allow).toBe(false);
  });
});

describe("names of JavaScript's own", () => {
  const own = ["__proto__", "constructor", "toString", "hasOwnProperty", "valueOf"];

  it.each(own)("AUTHZ-1 %s is no role, user, channel or command unless the policy makes it one", (name) => {
    const policy = mergePolicy(OPEN, NOTHING_STORED);
    expect(decide(policy, { ...bot, role: name }, ask)).toMatchObject({ allow: false, code: "role_unknown" });
    const listed = mergePolicy(
      { ...OPEN, channels: { slack: { permissions: { allowedUsers: ["ana"], commands: { allowed: ["ask"] } } } } },
      NOTHING_STORED,
    );
    expect(decide(listed, bot, { ...ask, userId: name })).toMatchObject({ allow: false, code: "user_not_allowed" });
    expect(decide(listed, bot, { ...ask, userId: "ana", command: name })).toMatchObject({
      allow: false,
      code: "command_not_in_channel",
    });
    const narrow = mergePolicy({ ...OPEN, roles: { bot: { ...EVERYTHING, channels: ["slack"] } } }, NOTHING_STORED);
    expect(decide(narrow, bot, { ...ask, channel: name })).toMatchObject({ allow: false, code: "channel_not_in_role" });
    expect(explain(policy, { ...bot, role: name }, ask).effective).toEqual({
      permissions: [],
      channels: [],
      commands: [],
    });
  });
});

describe("GHSA-9vvh CVE-2026-33578 GHSA-2gvc lists that are empty or absent", () => {
  const on = (permissions: object | undefined, over: Partial<ConfiguredPolicy> = {}) =>
    mergePolicy({ ...OPEN, ...over, channels: { slack: { permissions } } }, NOTHING_STORED);

  it.each<[string, object | undefined, string]>([
    ["a channel section that says nothing", undefined, "user_not_allowed"],
    ["a channel section with empty permissions", {}, "user_not_allowed"],
    ["empty allow lists", { allowedUsers: [], allowedRoles: [] }, "user_not_allowed"],
    ["an empty command list", { allowedRoles: ["*"], commands: { allowed: [] } }, "command_not_in_channel"],
    ["a block of everybody", { allowedRoles: ["*"], allowedUsers: ["*"], blockedUsers: ["*"] }, "user_blocked"],
    ["a block of every command", { allowedRoles: ["*"], commands: { blocked: ["*"] } }, "command_blocked"],
  ])("AUTHZ-3 %s keeps everybody out", (_, permissions, code) => {
    const policy = on(permissions);
    expect(decide(policy, bot, ask)).toMatchObject({ allow: false, code });
    expect(decide(policy, { ...bot, boundUserId: "U024BE7LH" }, ask)).toMatchObject({ allow: false, code });
  });

  it("AUTHZ-3 such a channel does not open for the credential itself either", () => {
    expect(decide(on({}), bot, { ...ask, userId: null })).toMatchObject({
      allow: false,
      because: "channels.slack.permissions.allowedRoles",
    });
  });

  it("AUTHZ-2 an empty channel list of a user or role is none, in the file and in the database", () => {
    const users = { U024BE7LH: { role: "bot", channels: [] } };
    expect(decide(mergePolicy({ ...OPEN, users }, NOTHING_STORED), bot, ask)).toMatchObject({
      code: "channel_not_in_user",
    });
    const row = { id: "U024BE7LH", roleName: "bot", channels: [], maxMessages: null, timeWindowMs: null };
    const stored = mergePolicy({ ...OPEN, users: undefined }, { ...NOTHING_STORED, users: [row] });
    expect(decide(stored, bot, ask)).toMatchObject({
      code: "channel_not_in_user",
      because: 'user "U024BE7LH".channels',
    });
    expect(
      decide(mergePolicy({ ...OPEN, roles: { bot: { ...EVERYTHING, channels: [] } } }, NOTHING_STORED), bot, ask),
    ).toMatchObject({ code: "channel_not_in_role" });
  });

  it("AUTHZ-2 a user whose role does not exist is refused, and told where it stands", () => {
    const users = { U024BE7LH: { role: "ghost" } };
    expect(decide(mergePolicy({ ...OPEN, users }, NOTHING_STORED), bot, ask)).toMatchObject({
      code: "role_unknown",
      because: "security.authorization.users.U024BE7LH.role",
    });
  });

  it("AUTHZ-4 switched off, the blocks of file and database still hold and a bound token still speaks for one user", () => {
    const off = on({ blockedUsers: ["U1"], commands: { blocked: ["run"] } }, { enabled: false, roles: {} });
    expect(decide(off, bot, ask)).toMatchObject({ allow: true, because: "security.authorization.enabled" });
    expect(decide(off, bot, { ...ask, userId: "U1" })).toMatchObject({ code: "user_blocked" });
    expect(decide(off, bot, { ...ask, command: "run" })).toMatchObject({ code: "command_blocked" });
    expect(decide(off, { ...bot, boundUserId: "U2" }, ask)).toMatchObject({ code: "user_mismatch" });
    expect(explain(off, bot, ask).trace.at(-1)).toMatchObject({ check: "authorization", passed: true });
  });
});

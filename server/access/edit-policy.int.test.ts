/** Changes of the database's policy on a real PostgreSQL, with the rights of the web process. */
import { Client } from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  deleteChannel,
  deleteRole,
  deleteUser,
  readPolicy,
  saveChannel,
  saveRole,
  saveUser,
  unlimitedGrantor,
  type Grantor,
  type PolicyEditDeps,
} from "#server/access/index.ts";
import type { ConfiguredPolicy } from "#server/access/merge-policy.ts";
import type { PolicySnapshot } from "#server/access/schema.ts";
import { systemClock } from "#server/core/clock.ts";
import { createDb } from "#server/core/db/client.ts";
import { createPool } from "#server/core/db/pool.ts";
import { RECORDED } from "../../tests/support/audit.ts";
import { createTestDatabase, type TestDatabase } from "../../tests/support/database.ts";

const IN_DATABASE: ConfiguredPolicy = { enabled: true, roles: undefined, users: undefined, channels: undefined };
const operator = unlimitedGrantor({ type: "operator", id: "test" });
/** May edit the policy, and holds little besides. */
const clerk: Grantor = {
  ...operator,
  actor: { type: "token", id: "clerk" },
  role: "clerk",
  permissions: ["read", "roles:write", "users:write", "channels:write"],
  channels: ["api", "slack"],
  commands: ["help", "status"],
  userId: "clara",
};

let database: TestDatabase;
let pool: ReturnType<typeof createPool>;
let deps: PolicyEditDeps;
let owner: Client;

beforeAll(async () => {
  database = await createTestDatabase();
  pool = createPool({ connectionString: database.appUrl, name: "test", max: 10 });
  deps = { db: createDb(pool), clock: systemClock, configured: IN_DATABASE, configFile: "/etc/openclaw.json5" };
  owner = new Client({ connectionString: database.ownerUrl });
  await owner.connect();
});
afterAll(async () => {
  await deps.db.$disconnect();
  await pool.end();
  await owner.end();
  await database.drop();
});
beforeEach(async () => {
  await owner.query(
    "DELETE FROM role WHERE NOT builtin; DELETE FROM gateway_user; DELETE FROM channel_policy; DELETE FROM token",
  );
});

const policy = (): Promise<PolicySnapshot> => readPolicy(pool, deps.configured);

interface Recorded {
  event: string;
  actor_id: string;
  data: Record<string, unknown>;
}

async function recorded(target: string): Promise<Recorded[]> {
  const { rows } = await owner.query<Recorded>(
    `SELECT event, actor_id, data FROM ${RECORDED} AS record WHERE target = $1 ORDER BY n`,
    [target],
  );
  return rows;
}

describe("roles", () => {
  it("AUTHZ-1 is made, changed in part and removed, each with what was before and after on record", async () => {
    const made = await saveRole(deps, operator, { name: "support", permissions: ["read"], channels: ["slack"] });
    expect(made).toEqual({
      before: null,
      after: { name: "support", permissions: ["read"], channels: ["slack"], commands: [] },
    });
    await saveRole(deps, operator, { name: "support", commands: ["Help", "/status"] });
    expect((await policy()).roles.get("support")).toMatchObject({
      permissions: ["read"],
      channels: ["slack"],
      commands: ["help", "status"],
      source: 'role "support"',
    });
    await deleteRole(deps, operator, "support");
    expect((await policy()).roles.has("support")).toBe(false);
    expect(await recorded("support")).toMatchObject([
      { event: "role.changed", actor_id: "test", data: { before: null, after: { commands: [] } } },
      { event: "role.changed", data: { before: { commands: [] }, after: { commands: ["help", "status"] } } },
      { event: "role.deleted", data: { before: { commands: ["help", "status"] } } },
    ]);
  });

  it("records nothing when nothing changes", async () => {
    await saveRole(deps, operator, { name: "same", permissions: ["read"] });
    await saveRole(deps, operator, { name: "same", permissions: ["read"] });
    expect(await recorded("same")).toHaveLength(1);
  });

  it.each<[string, Parameters<typeof saveRole>[2], RegExp]>([
    [
      "an unknown permission",
      { name: "x", permissions: ["runs:fly"] },
      /Role permissions: "runs:fly" is not a perm.*runs:\*/,
    ],
    ["a bad name", { name: "__proto__" }, /^Role name: letters, digits/],
    ["a channel that cannot be", { name: "x", channels: ["What’s App"] }, /^Role channels\.0: /],
    ["a command that cannot be", { name: "x", commands: ["rm -rf"] }, /^Role commands\.0: /],
  ])("refuses %s by the name of the field", async (_, input, message) => {
    await expect(saveRole(deps, operator, input)).rejects.toMatchObject({
      code: "INVALID_INPUT",
      message: expect.stringMatching(message) as string,
    });
    expect((await policy()).roles.has("x")).toBe(false);
  });

  it("is not removed while users or live tokens have it, and says which", async () => {
    await saveRole(deps, operator, { name: "busy" });
    await saveUser(deps, operator, { id: "ana", role: "busy" });
    const token = `INSERT INTO token (id, name, owner_id, role_name, secret_hash, pepper_id, last4, family_id, expires_at)
                   VALUES ($1, $2, 'o', 'busy', '', 'p', '0000', $1, $3)`;
    await owner.query(token, ["tokenliveone", "nightly", null]);
    await owner.query(token, ["tokenexpired", "old", new Date(0)]);
    await expect(deleteRole(deps, operator, "busy")).rejects.toMatchObject({
      code: "CONFLICT",
      message: expect.stringMatching(/users ana and by the live tokens tokenliveone \(nightly\)\. Give/) as string,
    });
    await deleteUser(deps, operator, "ana");
    await expect(deleteRole(deps, operator, "busy")).rejects.toThrow(/tokenliveone/);
    await owner.query("UPDATE token SET revoked_at = now()");
    await deleteRole(deps, operator, "busy");
    await expect(deleteRole(deps, operator, "busy")).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});

describe("AUTHZ-6 the last admin", () => {
  const lastAdmin = { code: "CONFLICT", details: { reason: "last_admin" } };
  const withoutBuiltin = () => owner.query("UPDATE role SET permissions = '{read}' WHERE name = 'admin'");
  const withBuiltin = () => owner.query("UPDATE role SET permissions = '{*}' WHERE name = 'admin'");

  it("the built-in role keeps its rights, even beside another admin", async () => {
    await saveRole(deps, operator, { name: "root", permissions: ["*"] });
    await expect(deleteRole(deps, operator, "admin")).rejects.toMatchObject(lastAdmin);
    await expect(saveRole(deps, operator, { name: "admin", permissions: ["read"] })).rejects.toMatchObject(lastAdmin);
    expect((await policy()).roles.get("admin")?.permissions).toEqual(["*"]);
  });

  it("of several, the last one neither goes nor loses its rights, also when all are taken at once", async () => {
    await withoutBuiltin();
    try {
      const names = Array.from({ length: 6 }, (_, index) => `root${index}`);
      for (const name of names) {
        await saveRole(deps, operator, { name, permissions: ["*"] });
      }
      const outcomes = await Promise.allSettled(
        names.map((name, index) =>
          index % 2 === 0
            ? deleteRole(deps, operator, name)
            : saveRole(deps, operator, { name, permissions: ["read"] }),
        ),
      );
      expect(outcomes.filter(({ status }) => status === "rejected")).toMatchObject([{ reason: lastAdmin }]);
      const left = [...(await policy()).roles].filter(([, role]) => role.permissions.includes("*"));
      expect(left).toHaveLength(1);
    } finally {
      await withBuiltin();
    }
  });
});

describe("AUTHZ-6 CVE-2026-33579 nobody gives more than they hold", () => {
  const beyond = { code: "FORBIDDEN", details: { reason: "beyond_grant" } };

  it.each<[string, Parameters<typeof saveRole>[2]]>([
    ["a permission", { name: "new", permissions: ["tokens:create"] }],
    ["everything", { name: "new", permissions: ["*"] }],
    ["a bundle it does not hold", { name: "new", permissions: ["write"] }],
    ["a channel", { name: "new", channels: ["whatsapp"] }],
    ["all channels", { name: "new", channels: ["*"] }],
    ["a command", { name: "new", commands: ["run"] }],
    ["rights of a role above its own, by a change of something else", { name: "admin", channels: ["*", "api"] }],
  ])("a role with %s", async (_, input) => {
    await expect(saveRole(deps, clerk, input)).rejects.toMatchObject(beyond);
    expect((await policy()).roles.has("new")).toBe(false);
    expect(await recorded("new")).toEqual([]);
  });

  it("but what it holds it may give, and take back", async () => {
    await saveRole(deps, clerk, {
      name: "helper",
      permissions: ["status:read"],
      channels: ["api"],
      commands: ["help"],
    });
    await saveUser(deps, clerk, { id: "bob", role: "helper" });
    await deleteUser(deps, clerk, "bob");
    await deleteRole(deps, clerk, "helper");
  });

  it("a role above its own is neither given to a user, taken from one, nor removed", async () => {
    await saveRole(deps, operator, { name: "boss", permissions: ["runs:read_all"] });
    await saveUser(deps, operator, { id: "eve", role: "boss" });
    await expect(saveUser(deps, clerk, { id: "clara", role: "admin" })).rejects.toMatchObject(beyond);
    await expect(saveUser(deps, clerk, { id: "eve", channels: [] })).rejects.toMatchObject(beyond);
    await expect(deleteUser(deps, clerk, "eve")).rejects.toMatchObject(beyond);
    await expect(deleteRole(deps, clerk, "boss")).rejects.toMatchObject(beyond);
    expect((await policy()).users.get("eve")).toMatchObject({ role: "boss", channels: null });
  });

  it("rules of a channel are changed by who may use it, and commands opened by who may give them", async () => {
    await saveChannel(deps, operator, {
      channel: "slack",
      allowedRoles: ["*"],
      blockedCommands: ["run", "help"],
      allowedCommands: ["help"],
    });
    await expect(saveChannel(deps, clerk, { channel: "whatsapp" })).rejects.toMatchObject(beyond);
    await expect(saveChannel(deps, clerk, { channel: "slack", blockedCommands: ["help"] })).rejects.toMatchObject(
      beyond,
    );
    await expect(saveChannel(deps, clerk, { channel: "slack", allowedCommands: ["*"] })).rejects.toMatchObject(beyond);
    await expect(deleteChannel(deps, clerk, "slack")).rejects.toMatchObject(beyond);
    await saveChannel(deps, clerk, { channel: "slack", blockedCommands: ["run"], allowedCommands: ["help", "status"] });
    expect((await policy()).channels.get("slack")).toMatchObject({ blockedCommands: ["run"] });
  });
});

describe("users", () => {
  it("AUTHZ-2 is made, narrowed, widened again and removed; an absent channel list is not an empty one", async () => {
    const restriction = { maxMessages: 3, timeWindowMs: 60_000 };
    await saveUser(deps, operator, { id: "slack:U1", role: "user", restriction });
    expect((await policy()).users.get("slack:U1")).toEqual({
      role: "user",
      channels: null,
      restrictions: restriction,
      memberId: null,
      source: 'user "slack:U1"',
    });
    await saveUser(deps, operator, { id: "slack:U1", channels: [] });
    expect((await policy()).users.get("slack:U1")).toMatchObject({ channels: [], restrictions: restriction });
    await saveUser(deps, operator, { id: "slack:U1", channels: null, restriction: null });
    expect((await policy()).users.get("slack:U1")).toMatchObject({ role: "user", channels: null, restrictions: null });
    await deleteUser(deps, operator, "slack:U1");
    await expect(deleteUser(deps, operator, "slack:U1")).rejects.toMatchObject({ code: "NOT_FOUND" });
    expect((await recorded("slack:U1")).map(({ event }) => event)).toEqual([
      "user.changed",
      "user.changed",
      "user.changed",
      "user.deleted",
    ]);
  });

  it.each<[string, Parameters<typeof saveUser>[2], RegExp]>([
    ["no role for a new record", { id: "zoe" }, /User role: "zoe" is new/],
    ["an unknown role", { id: "zoe", role: "ghost" }, /"ghost" does not exist.*admin/],
    ["an id with hidden characters", { id: "zo\u200be", role: "user" }, /^User id: /],
    [
      "half a limit",
      { id: "zoe", role: "user", restriction: { maxMessages: 0, timeWindowMs: 1000 } },
      /restriction\.maxMessages/,
    ],
  ])("refuses %s", async (_, input, message) => {
    await expect(saveUser(deps, operator, input)).rejects.toMatchObject({
      code: "INVALID_INPUT",
      message: expect.stringMatching(message) as string,
    });
  });
});

describe("channels", () => {
  it("AUTHZ-3 gets rules that admit nobody until somebody is named, is changed in part and loses them", async () => {
    const { after } = await saveChannel(deps, operator, { channel: "whatsapp" });
    expect(after).toEqual({
      channel: "whatsapp",
      allowedUsers: [],
      allowedRoles: [],
      blockedUsers: [],
      allowedCommands: ["*"],
      blockedCommands: [],
    });
    await saveChannel(deps, operator, { channel: "whatsapp", allowedRoles: ["user"], blockedUsers: ["spam_user"] });
    expect((await policy()).channels.get("whatsapp")).toMatchObject({
      allowedRoles: ["user"],
      blockedUsers: ["spam_user"],
      source: 'channel "whatsapp"',
    });
    await expect(saveChannel(deps, operator, { channel: "whatsapp", allowedRoles: ["usr"] })).rejects.toThrow(
      /role "usr" does not exist/,
    );
    await deleteChannel(deps, operator, "whatsapp");
    await expect(deleteChannel(deps, operator, "whatsapp")).rejects.toMatchObject({ code: "NOT_FOUND" });
    expect((await recorded("whatsapp")).map(({ event }) => event)).toEqual([
      "channel.changed",
      "channel.changed",
      "channel.deleted",
    ]);
  });
});

describe("a section that the file owns", () => {
  const inFile = (): PolicyEditDeps => ({ ...deps, configured: { enabled: true, roles: {}, users: {}, channels: {} } });

  it.each<[string, (owned: PolicyEditDeps) => Promise<unknown>]>([
    ["security.authorization.roles", (owned) => saveRole(owned, operator, { name: "x" })],
    ["security.authorization.roles", (owned) => deleteRole(owned, operator, "user")],
    ["security.authorization.users", (owned) => saveUser(owned, operator, { id: "x", role: "user" })],
    ["security.authorization.users", (owned) => deleteUser(owned, operator, "x")],
    ["channels", (owned) => saveChannel(owned, operator, { channel: "x" })],
    ["channels", (owned) => deleteChannel(owned, operator, "x")],
  ])("%s is not changed in the database, where it would have no effect", async (section, edit) => {
    await expect(edit(inFile())).rejects.toMatchObject({
      code: "CONFLICT",
      message: expect.stringContaining(`${section} is written in /etc/openclaw.json5: change it there`) as string,
    });
  });

  it("users of the file keep their role from being removed from the database", async () => {
    await saveRole(deps, operator, { name: "filed" });
    const users = { ana: { role: "filed" } };
    const mixed = { ...deps, configured: { ...IN_DATABASE, users } };
    await expect(deleteRole(mixed, operator, "filed")).rejects.toThrow(/the users ana/);
  });
});

describe("change and record", () => {
  it("share one transaction: without the record there is no change", async () => {
    await owner.query(
      "REVOKE INSERT ON audit_intake FROM openclaw_app; REVOKE INSERT (events) ON audit_intake FROM openclaw_app",
    );
    try {
      await expect(saveRole(deps, operator, { name: "unrecorded" })).rejects.toThrow();
      await expect(saveUser(deps, operator, { id: "unrecorded", role: "user" })).rejects.toThrow();
      await expect(saveChannel(deps, operator, { channel: "unrecorded" })).rejects.toThrow();
    } finally {
      await owner.query("GRANT INSERT (events) ON audit_intake TO openclaw_app");
    }
    const { roles, users, channels } = await policy();
    expect([roles.has("unrecorded"), users.has("unrecorded"), channels.has("unrecorded")]).toEqual([
      false,
      false,
      false,
    ]);
  });

  it("AUTHZ-1 rows written without some list, by other hands, grant nothing and break nothing", async () => {
    await owner.query("INSERT INTO role (name) VALUES ('bare'); INSERT INTO channel_policy (channel) VALUES ('bare')");
    const { roles, channels } = await policy();
    expect(roles.get("bare")).toMatchObject({ permissions: [], channels: [], commands: [] });
    expect(channels.get("bare")).toMatchObject({ allowedUsers: [], allowedRoles: [], allowedCommands: [] });
  });
});

/** Roles, users, channels and questions to the policy as the console calls them, on a real PostgreSQL. */
import { Client } from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { testLocks } from "../../tests/support/locks.ts";
import { readPolicy } from "#server/access/index.ts";
import type { PolicySnapshot } from "#server/access/schema.ts";
import { createDb } from "#server/core/db/client.ts";
import { createPool } from "#server/core/db/pool.ts";
import type { ConsoleContext } from "#server/trpc/context.ts";
import { createCaller } from "#server/trpc/root.ts";
import { RECORDED } from "../../tests/support/audit.ts";
import { insertSealed } from "../../tests/support/audit-rows.ts";
import { createTestDatabase, type TestDatabase } from "../../tests/support/database.ts";

const NOW = Date.parse("2026-03-01T12:00:00Z");
const LISTS = { permissions: ["read"], channels: ["api"], commands: ["help"] };
const RULES = {
  allowedUsers: ["ana"],
  allowedRoles: ["user"],
  blockedUsers: [],
  allowedCommands: ["*"],
  blockedCommands: [],
};

let database: TestDatabase;
let pool: ReturnType<typeof createPool>;
let db: ReturnType<typeof createDb>;
let owner: Client;
let policy: PolicySnapshot;

beforeAll(async () => {
  database = await createTestDatabase();
  pool = createPool({ connectionString: database.appUrl, name: "test", max: 10 });
  db = createDb(pool);
  owner = new Client({ connectionString: database.ownerUrl });
  await owner.connect();
});
afterAll(async () => {
  await db.$disconnect();
  await pool.end();
  await owner.end();
  await database.drop();
});
beforeEach(async () => {
  await owner.query(
    "DELETE FROM role WHERE NOT builtin; DELETE FROM gateway_user; DELETE FROM channel_policy; DELETE FROM token; DELETE FROM audit_intake",
  );
});

interface Who {
  role?: string;
  permissions?: readonly string[];
  steppedUp?: boolean;
  owned?: readonly string[];
}

/** A caller with the sections in `owned` written in the configuration file. */
async function caller({ role = "admin", permissions = ["*"], steppedUp = true, owned = [] }: Who = {}) {
  const authorization = {
    enabled: true,
    roles: { guide: { permissions: ["read"], channels: ["*"], commands: ["*"] } },
    users: { filed: { role: "guide" } },
  };
  const loaded = {
    config: {
      security: { authorization, rateLimit: { enabled: false, rules: [] } },
      channels: { slack: { permissions: {} } },
      models: {},
    },
    owned: new Set(owned),
  };
  const configured = {
    enabled: true,
    roles: owned.includes("security.authorization.roles") ? authorization.roles : undefined,
    users: owned.includes("security.authorization.users") ? authorization.users : undefined,
    channels: owned.includes("channels") ? loaded.config.channels : undefined,
  };
  const reload = async () => {
    policy = await readPolicy(pool, configured);
  };
  await reload();
  return createCaller({
    services: {
      db,
      pool,
      clock: { now: () => NOW },
      policy: { current: () => policy, reload },
      config: { current: () => loaded },
      paths: { configFile: "/etc/openclaw.json5" },
      audit: { append: async () => undefined },
      locks: testLocks(),
      refusals: { record: async () => undefined },
    },
    origin: { address: "192.0.2.1", requestId: "req_1", userAgent: null },
    session: {
      id: "s",
      memberId: "ana",
      name: "Ana",
      actor: { type: "member", id: "ana" },
      role,
      permissions,
      secondFactor: "verified",
      steppedUpUntil: steppedUp ? new Date(NOW + 60_000) : null,
      expiresAt: new Date(NOW + 60_000),
    },
  } as unknown as ConsoleContext);
}

async function recorded(target: string): Promise<unknown[]> {
  const { rows } = await owner.query<{ event: string; actor_type: string; actor_id: string }>(
    `SELECT event, actor_type, actor_id FROM ${RECORDED} AS record WHERE target = $1 ORDER BY n`,
    [target],
  );
  return rows;
}

const addToken = (id: string, role: string, scopes: string[] = [], userId: string | null = null) =>
  owner.query(
    `INSERT INTO token (id, name, owner_id, role_name, scopes, user_id, secret_hash, pepper_id, last4, family_id)
     VALUES ($1, $1, 'o', $2, $3, $4, '', 'p', '0000', $1)`,
    [id, role, scopes, userId],
  );

describe("roles", () => {
  it("AUTHZ-1 is made, listed with how many have it, changed and removed, on record under the member's name", async () => {
    const console = await caller();
    await console.roles.save({ name: "support", ...LISTS, seen: null });
    await console.users.save({ id: "kim", role: "support", channels: null, restriction: null, seen: null });
    await addToken("tokensupport", "support");
    const [row] = (await console.roles.list()).roles.filter(({ name }) => name === "support");
    expect(row).toMatchObject({ ...LISTS, builtin: false, holders: { users: 1, tokens: 1, members: 0 } });
    await console.roles.save({ name: "support", ...LISTS, commands: ["*"], seen: row?.revision ?? null });
    expect(await recorded("support")).toEqual([
      { event: "role.changed", actor_type: "member", actor_id: "ana" },
      { event: "role.changed", actor_type: "member", actor_id: "ana" },
    ]);
  });

  it("says before a save who gains and loses what, and whose own scopes keep it from them", async () => {
    const console = await caller();
    await console.roles.save({ name: "support", ...LISTS, permissions: ["read", "tokens:read"], seen: null });
    await console.users.save({ id: "kim", role: "support", channels: null, restriction: null, seen: null });
    await addToken("tokenall", "support");
    await addToken("tokennarrow", "support", ["status:read"]);
    const preview = await console.roles.preview({ name: "support", ...LISTS, permissions: ["read", "runs:create"] });
    expect(preview).toMatchObject({
      permissions: { gained: ["runs:create"], lost: ["tokens:read"] },
      channels: { gained: [], lost: [] },
      holders: { users: { count: 1, named: ["kim"] }, tokens: { count: 2 } },
      tokensUntouched: 1,
      own: false,
      refused: null,
    });
  });

  it("AUTHZ-6 keeps the last role that may do everything, and says so before the save too", async () => {
    const console = await caller();
    const admin = (await console.roles.list()).roles.find(({ name }) => name === "admin");
    const without = { name: "admin", permissions: ["read"], channels: ["*"], commands: ["*"] };
    expect((await console.roles.preview(without)).refused).toMatchObject({ code: "CONFLICT", reason: "last_admin" });
    await expect(console.roles.save({ ...without, seen: admin?.revision ?? null })).rejects.toMatchObject({
      cause: { code: "CONFLICT", details: { reason: "last_admin" } },
    });
  });

  it("AUTHZ-6 gives no more than the member's own role holds", async () => {
    await (await caller()).roles.save({ name: "clerk", ...LISTS, permissions: ["read", "roles:write"], seen: null });
    const clerk = await caller({ role: "clerk", permissions: ["read", "roles:write", "roles:read"] });
    const wanted = { name: "mine", ...LISTS, permissions: ["tokens:create"] };
    expect((await clerk.roles.preview(wanted)).refused).toMatchObject({ code: "FORBIDDEN", reason: "beyond_grant" });
    await expect(clerk.roles.save({ ...wanted, seen: null })).rejects.toMatchObject({ cause: { code: "FORBIDDEN" } });
    expect(await recorded("mine")).toEqual([]);
  });

  it("refuses what was edited on an older state, with the newer one, and a role that appeared meanwhile", async () => {
    const console = await caller();
    const { revision } = await console.roles.save({ name: "support", ...LISTS, seen: null });
    await console.roles.save({ name: "support", ...LISTS, commands: ["status"], seen: revision });
    const late = { name: "support", ...LISTS, commands: ["ask"] };
    await expect(console.roles.save({ ...late, seen: revision })).rejects.toMatchObject({
      cause: {
        code: "CONFLICT",
        details: { reason: "changed_meanwhile", current: { name: "support", commands: ["status"] } },
      },
    });
    await expect(console.roles.save({ ...late, seen: null })).rejects.toMatchObject({ cause: { code: "CONFLICT" } });
    await expect(console.roles.delete({ name: "support", seen: revision ?? "" })).rejects.toMatchObject({
      cause: { code: "CONFLICT", details: { reason: "changed_meanwhile" } },
    });
    expect(await recorded("support")).toHaveLength(2);
  });

  it("is not removed while somebody has it, and names who", async () => {
    const console = await caller();
    const { revision } = await console.roles.save({ name: "support", ...LISTS, seen: null });
    await console.users.save({ id: "kim", role: "support", channels: null, restriction: null, seen: null });
    expect(await console.roles.holders({ name: "support" })).toMatchObject({ users: { count: 1, named: ["kim"] } });
    await expect(console.roles.delete({ name: "support", seen: revision ?? "" })).rejects.toMatchObject({
      cause: { code: "CONFLICT", details: { reason: "role_in_use", users: ["kim"] } },
    });
  });

  it("of the file are shown with their place, and not changed", async () => {
    const console = await caller({ owned: ["security.authorization.roles"] });
    expect(await console.roles.list()).toMatchObject({
      provisioned: { file: "/etc/openclaw.json5", path: "security.authorization.roles" },
      roles: [{ name: "guide", revision: null }],
    });
    await expect(console.roles.save({ name: "guide", ...LISTS, seen: null })).rejects.toMatchObject({
      cause: { code: "CONFLICT", details: { section: "security.authorization.roles" } },
    });
  });
});

describe("users", () => {
  const kim = { id: "slack:U1", role: "user", channels: null, restriction: null };

  it("AUTHZ-2 comes in pages by id, is found by part of it, and is changed and removed on record", async () => {
    const console = await caller();
    for (const id of ["b", "a", "c"]) {
      await console.users.save({ ...kim, id, seen: null });
    }
    const first = await console.users.list({ limit: 2 });
    expect(first).toMatchObject({ users: [{ id: "a" }, { id: "b" }], next: "b", found: 3, total: 3 });
    expect((await console.users.list({ limit: 2, after: first.next ?? "" })).users).toMatchObject([{ id: "c" }]);
    expect(await console.users.list({ search: "C" })).toMatchObject({ users: [{ id: "c" }], found: 1, total: 3 });
    const seen = first.users[0]?.revision ?? null;
    const restriction = { maxMessages: 5, timeWindowMs: 60_000 };
    const saved = await console.users.save({ ...kim, id: "a", channels: [], restriction, seen });
    expect((await console.users.detail({ id: "a" })).user).toMatchObject({ channels: [], restriction });
    await console.users.delete({ id: "a", seen: saved.revision ?? "" });
    expect((await console.users.detail({ id: "a" })).user).toBeNull();
    expect(await recorded("a")).toMatchObject([
      { event: "user.changed" },
      { event: "user.changed" },
      { event: "user.deleted" },
    ]);
  });

  it("refuses an older state, a role that does not exist, and a role beyond the member's", async () => {
    const console = await caller();
    await console.users.save({ ...kim, seen: null });
    await expect(console.users.save({ ...kim, role: "admin", seen: null })).rejects.toMatchObject({
      cause: { code: "CONFLICT", details: { reason: "changed_meanwhile" } },
    });
    await expect(console.users.save({ ...kim, id: "x", role: "nobody", seen: null })).rejects.toMatchObject({
      cause: { code: "INVALID_INPUT" },
    });
    const clerk = await caller({ role: "user", permissions: ["users:read", "users:write"] });
    await expect(clerk.users.save({ ...kim, id: "x", role: "admin", seen: null })).rejects.toMatchObject({
      cause: { code: "FORBIDDEN" },
    });
  });

  it("APPROVAL-2 names the console member a person is by id or e-mail address, on record, and keeps it when another field is saved", async () => {
    await owner.query(
      "INSERT INTO member (id, email, name, role_name) VALUES ('mem_k', 'kim@example.com', 'Kim', 'user')",
    );
    const console = await caller();
    await console.users.save({ ...kim, memberId: "Kim@Example.com", seen: null });
    const { user } = await console.users.detail({ id: kim.id });
    expect(user).toMatchObject({ memberId: "mem_k" });
    await console.users.save({ ...kim, channels: ["slack"], seen: user?.revision ?? null });
    const { user: kept } = await console.users.detail({ id: kim.id });
    expect(kept).toMatchObject({ memberId: "mem_k", channels: ["slack"] });
    await expect(
      console.users.save({ ...kim, memberId: "mem_nobody", seen: kept?.revision ?? null }),
    ).rejects.toMatchObject({ cause: { code: "INVALID_INPUT", details: { field: "memberId" } } });
    await console.users.save({ ...kim, memberId: null, seen: kept?.revision ?? null });
    expect((await console.users.detail({ id: kim.id })).user).toMatchObject({ memberId: null });
    const { rows } = await owner.query<{ data: { after: { memberId: string | null } } }>(
      `SELECT data FROM ${RECORDED} AS record WHERE target = $1 ORDER BY n`,
      [kim.id],
    );
    expect(rows.map(({ data }) => data.after.memberId)).toEqual(["mem_k", "mem_k", null]);
  });

  it("says what hangs on a person: own tokens, lists of channels", async () => {
    const console = await caller();
    await console.channels.save({ channel: "slack", ...RULES, seen: null });
    await console.users.save({ ...kim, id: "ana", seen: null });
    await addToken("tokenofana", "user", [], "ana");
    expect(await console.users.detail({ id: "ana" })).toMatchObject({ tokens: 1, allowedOn: ["slack"], blockedOn: [] });
  });

  it("was last heard of when its newest sealed event says, questions about it left out", async () => {
    await insertSealed(
      (text, values) => owner.query(text, values),
      [
        { event: "message.received", at: NOW, userId: "ana" },
        { event: "policy.explained", at: NOW + 1, userId: "ana" },
      ],
    );
    const { seen } = await (await caller()).users.activity({ ids: ["ana", "nobody"] });
    expect(seen).toMatchObject([{ id: "ana", event: "message.received" }]);
  });
});

describe("channels", () => {
  it("AUTHZ-3 is made, listed with what looks wrong, changed and removed on record", async () => {
    const console = await caller();
    await console.channels.save({ channel: "slack", ...RULES, blockedUsers: ["ana"], seen: null });
    const { channels } = await console.channels.list();
    expect(channels).toMatchObject([{ channel: "slack", hints: [{ code: "user_blocked_and_allowed" }, {}] }]);
    const seen = channels[0]?.revision ?? null;
    const saved = await console.channels.save({ channel: "slack", ...RULES, seen });
    await expect(console.channels.save({ channel: "slack", ...RULES, seen })).rejects.toMatchObject({
      cause: { code: "CONFLICT", details: { reason: "changed_meanwhile", current: { blockedUsers: [] } } },
    });
    await console.channels.delete({ channel: "slack", seen: saved.revision ?? "" });
    expect(await recorded("slack")).toMatchObject([
      { event: "channel.changed" },
      { event: "channel.changed" },
      { event: "channel.deleted" },
    ]);
  });

  it("AUTHZ-6 opens no command that the member may not give", async () => {
    const clerk = await caller({ role: "user", permissions: ["channels:read", "channels:write"] });
    const draft = { channel: "elsewhere", ...RULES };
    expect((await clerk.channels.preview(draft)).refused).toMatchObject({ code: "FORBIDDEN" });
    await expect(clerk.channels.save({ ...draft, seen: null })).rejects.toMatchObject({ cause: { code: "FORBIDDEN" } });
  });

  it("of the file are not changed", async () => {
    const console = await caller({ owned: ["channels"] });
    expect(await console.channels.list()).toMatchObject({ provisioned: { path: "channels" } });
    await expect(console.channels.save({ channel: "slack", ...RULES, seen: null })).rejects.toMatchObject({
      cause: { code: "CONFLICT", details: { section: "channels" } },
    });
  });
});

describe("questions", () => {
  it("AUTHZ-5 are answered with every check, for a user, a role and a token", async () => {
    const console = await caller();
    await console.users.save({ id: "kim", role: "user", channels: [], restriction: null, seen: null });
    const answer = await console.policy.explain({ user: "kim", channel: "api", command: "status" });
    expect(answer).toMatchObject({ allow: false, code: "channel_not_in_user", because: 'user "kim".channels' });
    expect(answer.trace.filter(({ passed }) => !passed)).toHaveLength(1);
    expect(await console.policy.explain({ role: "admin", channel: "api", command: "run" })).toMatchObject({
      allow: true,
      file: null,
    });
    expect(await console.policy.explain({ token: "nosuch", channel: "api", command: "run" })).toMatchObject({
      allow: false,
      code: "token_unknown",
    });
  });

  it("that name nobody are refused by the field", async () => {
    await expect((await caller()).policy.explain({ channel: "api", command: "status" })).rejects.toMatchObject({
      cause: { code: "INVALID_INPUT", details: { field: "user" } },
    });
  });
});

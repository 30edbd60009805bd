import { createSecretKey } from "node:crypto";
import type { Pool } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../tests/support/database.ts";
import type { PolicySnapshot } from "#server/access/schema.ts";
import { createDb, type Db } from "#server/core/db/client.ts";
import { openNotifyHub, type NotifyHub } from "#server/core/db/notify.ts";
import { createPool } from "#server/core/db/pool.ts";
import { createLogger } from "#server/core/log.ts";
import { createToken, listTokens, openTokenStore, revokeToken, type TokenStore } from "#server/tokens/index.ts";
import type { CreateToken } from "#server/tokens/schema.ts";

const actor = { type: "operator", id: "test" } as const;
const clock = { now: () => Date.now() };
const pepper = { id: "p1", key: createSecretKey(Buffer.alloc(32, 7)) };
const settings = { expiration: 3_600_000, maxTokens: 5, tokenLength: 32 };
const role = (permissions: string[]) => ({ permissions, channels: ["*"], commands: ["*"], source: "r" });
const policy: PolicySnapshot = {
  enabled: true,
  roles: new Map([
    ["admin", role(["*"])],
    ["user", role(["read", "write"])],
    ["runner", role(["runs:create"])],
  ]),
  users: new Map(),
  channels: new Map(),
};

let database: TestDatabase;
let pool: Pool;
let db: Db;
let hub: NotifyHub;
let store: TokenStore;

beforeAll(async () => {
  database = await createTestDatabase();
  pool = createPool({ connectionString: database.appUrl, name: "test", max: 8 });
  db = createDb(pool);
  const log = createLogger("test", "silent");
  hub = await openNotifyHub(database.appUrl, "test", log);
  store = await openTokenStore({ pool, notify: hub, pepper, clock, log });
});
afterAll(async () => {
  await store.close();
  await hub.close();
  await db.$disconnect();
  await pool.end();
  await database.drop();
});

const mint = (input: Partial<CreateToken>) =>
  createToken({ db, clock, pepper, settings, policy }, actor, { name: "bot", role: "user", ...input });
const heard = (token: string, address = "127.0.0.1") =>
  expect.poll(() => store.check(token, address), { timeout: 2_000, interval: 5 });

describe("minting", () => {
  it("AUTH-1 AUTH-5 stores a hash, the default lifetime and a usable token", async () => {
    const { id, token, expiresAt } = await mint({ ownerId: "one" });
    expect(expiresAt?.getTime()).toBeGreaterThan(Date.now() + settings.expiration - 60_000);
    const row = await db.token.findUniqueOrThrow({ where: { id } });
    expect(Buffer.from(row.secretHash).length).toBe(32);
    expect(JSON.stringify(row)).not.toContain(token.slice(18, 50));
    await heard(token).toMatchObject({ ok: true, token: { id, roleName: "user" } });
  });

  it("AUTH-7 the sixth of one owner is refused with the list of what could be revoked, also when ten ask at once", async () => {
    const asked = await Promise.allSettled(
      Array.from({ length: 10 }, (_, index) => mint({ name: `bot ${index}`, ownerId: "many" })),
    );
    expect(asked.filter(({ status }) => status === "fulfilled").length).toBe(5);
    await expect(mint({ ownerId: "many" })).rejects.toMatchObject({
      code: "CONFLICT",
      message: expect.stringMatching(/5 of 5 live tokens.*maxTokens.*bot \d/) as string,
    });
    const [oldest] = await listTokens({ db, clock }, { ownerId: "many" });
    await revokeToken({ db, clock }, actor, oldest?.id ?? "", "room for another");
    await expect(mint({ ownerId: "many" })).resolves.toMatchObject({ id: expect.any(String) as string });
  });

  it.each<[string, Partial<CreateToken>, RegExp]>([
    ["a role that does not exist", { role: "ghost" }, /"ghost" does not exist.*admin, user, runner/],
    ["AUTHZ-6 a scope beyond the role", { scopes: ["tokens:rotate"] }, /goes beyond role "user"/],
    ["AUTHZ-6 everything for a role that has less", { scopes: ["*"] }, /goes beyond role "user"/],
    [
      "AUTHZ-6 a bundle for a role that has one part of it",
      { role: "runner", scopes: ["write"] },
      /goes beyond role "runner"/,
    ],
    ["a scope that means nothing", { scopes: ["fly"] }, /"fly" is not a permission/],
    ["an address that is none", { allowedIps: ["10.0.0.0/99"] }, /10\.0\.0\.0\/99/],
    ["a blank name", { name: "  " }, /^Token name: /],
    ["a name with control characters", { name: "a\u0007b" }, /^Token name: printable/],
    ["a lifetime below a second", { expiresInMs: 1 }, /^Token expiresInMs: /],
  ])("refuses %s", async (_name, input, message) => {
    await expect(mint({ ownerId: "strict", ...input })).rejects.toThrow(message);
  });

  it("lists what people need and never a secret", async () => {
    const { token } = await mint({ name: "shown", ownerId: "list", channels: ["api"], expiresInMs: null });
    const listed = await listTokens({ db, clock }, { ownerId: "list" });
    expect(listed).toMatchObject([{ name: "shown", channels: ["api"], expiresAt: null, state: "active" }]);
    expect(JSON.stringify(listed)).not.toContain(token.slice(18, 50));
    expect(listed[0]?.hint.endsWith(token.slice(-4))).toBe(true);
  });
});

describe("the token store", () => {
  it("AUTH-9 tells why, and does the same work for an unknown id as for a wrong secret", async () => {
    const { token } = await mint({ ownerId: "check" });
    await heard(token).toMatchObject({ ok: true });
    const stranger = (await mint({ ownerId: "check" })).token;
    const mixed = token.slice(0, 17) + stranger.slice(17);
    expect(store.check("nonsense", "127.0.0.1")).toMatchObject({ ok: false, reason: "malformed" });
    expect(store.check(mixed, "127.0.0.1")).toMatchObject({ ok: false, reason: "malformed" });
  });

  it("AUTH-1 revocation and expiry reach the store without a restart, lookalike addresses do not pass", async () => {
    const { id, token } = await mint({ ownerId: "end", allowedIps: ["10.1.0.0/16"] });
    await heard(token, "::ffff:10.1.2.3").toMatchObject({ ok: true });
    expect(store.check(token, "10.2.0.1")).toMatchObject({ ok: false, reason: "address_not_allowed" });
    await revokeToken({ db, clock }, actor, id, "test");
    await heard(token, "10.1.2.3").toMatchObject({ ok: false, reason: "revoked" });
    expect(await revokeToken({ db, clock }, actor, id, "again")).toBe(false);
    await expect(revokeToken({ db, clock }, actor, "nosuchtoken0", "x")).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it("hears of changes again after its connection was cut", async () => {
    await pool.query("SELECT 1");
    const { id, token } = await mint({ ownerId: "cut" });
    await heard(token).toMatchObject({ ok: true });
    const admin = createPool({ connectionString: database.ownerUrl, name: "cutter", max: 1 });
    await admin.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'test:listen' AND datname = current_database()",
    );
    await admin.query("UPDATE token SET revoked_at = now() WHERE id = $1", [id]);
    await heard(token).toMatchObject({ ok: false, reason: "revoked" });
    await admin.end();
  });
});

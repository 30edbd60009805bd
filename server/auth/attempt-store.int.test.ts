import { Client } from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../tests/support/database.ts";
import type { Attempt } from "#server/auth/attempt-limiter.ts";
import { openAttemptStore, type AttemptStore } from "#server/auth/attempt-store.ts";
import { systemClock } from "#server/core/clock.ts";
import { createPool } from "#server/core/db/pool.ts";
import { createLogger } from "#server/core/log.ts";

let database: TestDatabase;
let pool: ReturnType<typeof createPool>;
const open: AttemptStore[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  pool = createPool({ connectionString: database.appUrl, name: "test", max: 4 });
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((store) => store.close()));
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

async function store(): Promise<AttemptStore> {
  const opened = await openAttemptStore({ pool, clock: systemClock, log: createLogger("test", "silent") });
  open.push(opened);
  return opened;
}

const at = (address: string, account: string | null = null): Attempt => ({ kind: "token", address, account });

function failTimes(limiter: AttemptStore, attempt: Attempt, times: number): void {
  for (let count = 0; count < times; count += 1) {
    limiter.failed(attempt);
  }
}

async function asOwner(sql: string): Promise<void> {
  const client = new Client({ connectionString: database.ownerUrl });
  await client.connect();
  await client.query(sql);
  await client.end();
}

describe("AUTH-9 failed attempts", () => {
  test("survive a restart, for the address and for the account", async () => {
    const before = await store();
    failTimes(before, at("192.0.2.1", "ana"), 12);
    await before.close();
    const after = await store();
    expect(after.waitMs(at("192.0.2.1"))).toBeGreaterThan(30_000);
    expect(after.waitForRightMs(at("192.0.2.1", "ana"))).toBeGreaterThan(30_000);
    expect(after.waitMs(at("192.0.2.2"))).toBe(0);
    after.failed(at("192.0.2.1"));
    expect(after.waitMs(at("192.0.2.1"))).toBeGreaterThan(100_000);
  });

  test("are written without a proper end of the process, and known to another server soon", async () => {
    const [one, other] = [await store(), await store()];
    failTimes(one, at("192.0.2.20", "ben"), 9);
    await expect.poll(() => other.waitMs(at("192.0.2.20")), { timeout: 5_000 }).toBeGreaterThan(1_000);
    expect(other.waitForRightMs(at("192.0.2.20", "ben"))).toBeGreaterThan(1_000);
  });

  test("forgiveness is kept too", async () => {
    const before = await store();
    failTimes(before, at("192.0.2.3", "ana"), 12);
    before.succeeded(at("192.0.2.3", "ana"));
    await before.close();
    const after = await store();
    expect(after.waitForRightMs(at("192.0.2.3", "ana"))).toBe(0);
    expect(after.waitMs(at("192.0.2.3"))).toBeGreaterThan(0);
  });

  test("count on while the database refuses to keep them, and are kept once it does", async () => {
    const limiter = await store();
    await asOwner("ALTER TABLE auth_attempt RENAME TO auth_attempt_away");
    failTimes(limiter, at("192.0.2.4"), 8);
    expect(limiter.waitMs(at("192.0.2.4"))).toBeGreaterThan(0);
    await expect(store()).rejects.toThrow(/auth_attempt/);
    await asOwner("ALTER TABLE auth_attempt_away RENAME TO auth_attempt");
    await expect
      .poll(async () => (await pool.query("SELECT 1 FROM auth_attempt WHERE key = 'token|192.0.2.4'")).rowCount, {
        timeout: 5_000,
      })
      .toBe(1);
  });
});

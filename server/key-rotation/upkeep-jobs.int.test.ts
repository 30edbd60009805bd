/** The jobs of the upkeep with a real queue: what comes round goes on after a crash, and a grace ends in time. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { Client } from "pg";
import type { PgBoss } from "pg-boss";
import { createTestDatabase, type TestDatabase } from "../../tests/support/database.ts";
import { createDb, type Db } from "#server/core/db/client.ts";
import { openNotifyHub, type NotifyHub } from "#server/core/db/notify.ts";
import { createPool } from "#server/core/db/pool.ts";
import { createLogger } from "#server/core/log.ts";
import { startUpkeep } from "#server/key-rotation/index.ts";
import { openRunQueue } from "#server/sandbox/index.ts";

const log = createLogger("test", "silent");
let database: TestDatabase;
let pool: ReturnType<typeof createPool>;
let db: Db;
let owner: Client;
let notify: NotifyHub;
let boss: PgBoss;

beforeAll(async () => {
  database = await createTestDatabase();
  owner = new Client({ connectionString: database.ownerUrl });
  await owner.connect();
  pool = createPool({ connectionString: database.appUrl, name: "test", max: 3 });
  db = createDb(pool);
  notify = await openNotifyHub(database.appUrl, "test", log);
  boss = await openRunQueue({ connectionString: database.appUrl, name: "test", log });
});
afterAll(async () => {
  await boss.stop({ graceful: false });
  await notify.close();
  await db.$disconnect();
  await pool.end();
  await owner.end();
  await database.drop();
});

const waiting = async (queue: string): Promise<number> =>
  (await pool.query("SELECT 1 FROM pgboss.job WHERE name = $1 AND state = 'created'", [queue])).rowCount ?? 0;

test("AUTH-12 several servers queue one look between them; a rotation's grace ends by its job, once", async () => {
  let looks = 0;
  const start = () =>
    startUpkeep({
      db,
      boss,
      notify,
      log,
      look: () => {
        looks += 1;
        return Promise.resolve();
      },
      now: () => new Date(),
      pollMs: 50,
    });
  const servers = await Promise.all([start(), start(), start()]);
  try {
    await expect.poll(() => looks).toBe(3);
    await expect.poll(() => waiting("upkeep-look")).toBe(1);

    const past = new Date(Date.now() - 1_000);
    const row = { keyId: "channel:in:secret", how: "rotated", state: "done", test: "none" };
    const made = { actorType: "system", actorId: "test", at: past, oldSealed: new Uint8Array([1]), graceUntil: past };
    await db.keyRotation.create({ data: { id: "rot_ends", ...row, ...made } });
    await pool.query("SELECT pg_notify('openclaw_keys', '')");
    const read = () => db.keyRotation.findUniqueOrThrow({ where: { id: "rot_ends" } });
    await expect.poll(async () => (await read()).oldSealed, { timeout: 20_000 }).toBeNull();
    const { rows } = await owner.query<{ n: number }>(
      "SELECT count(*)::int AS n FROM audit_intake WHERE events::text LIKE '%key.grace_ended%'",
    );
    expect(rows[0]?.n).toBe(1);
  } finally {
    await Promise.all(servers.map((server) => server.close()));
  }
});

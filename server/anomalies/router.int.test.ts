import type { Pool } from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { callerOf, memberSession } from "../../tests/support/console-caller.ts";
import { createTestDatabase, type TestDatabase } from "../../tests/support/database.ts";
import { createDb, type Db } from "#server/core/db/client.ts";
import { createPool } from "#server/core/db/pool.ts";

let database: TestDatabase;
let db: Db;
let pool: Pool;
let owner: Pool;
beforeAll(async () => {
  database = await createTestDatabase();
  pool = createPool({ connectionString: database.appUrl, name: "test" });
  owner = createPool({ connectionString: database.ownerUrl, name: "owner" });
  db = createDb(pool);
  await pool.query(
    `INSERT INTO anomaly (id, metric, subject, started_at, last_at, score, value, peak, expected_low, expected_high, reason, window_seconds)
     VALUES ('ano_1', 'authentication_failures', 'address:192.0.2.1', now(), now(), 0.91, 240, 240, 0, 12, 'higher', 3600)`,
  );
});
afterAll(async () => {
  await db.$disconnect();
  await pool.end();
  await owner.end();
  await database.drop();
});

it("MON-1 acknowledging an episode takes alerts:write and a reason, and is on record with it", async () => {
  const services = { db, clock: { now: () => Date.now() }, refusals: { record: () => Promise.resolve() } } as never;
  const reader = callerOf(services, memberSession("rea", { permissions: ["monitoring:read"] }));
  const writer = callerOf(services, memberSession("wri", { permissions: ["monitoring:read", "alerts:write"] }));
  expect(await reader.anomalies.byId({ id: "ano_1" })).toMatchObject({
    acknowledged: null,
    events: { kind: "authentication_failure", address: "192.0.2.1" },
    explanation: expect.stringContaining("240 failures within an hour, where 0 to 12 would be ordinary") as string,
  });
  const word = { id: "ano_1", verdict: "expected", reason: "penetration test" } as const;
  await expect(reader.anomalies.acknowledge(word)).rejects.toThrow(/lacks the permission "alerts:write"/);
  await expect(writer.anomalies.acknowledge({ ...word, reason: " " })).rejects.toThrow(/say in a few words why/);
  await expect(writer.anomalies.acknowledge({ ...word, id: "ano_9" })).rejects.toThrow(/no anomaly ano_9/);
  expect(await writer.anomalies.acknowledge(word)).toMatchObject({
    acknowledged: { by: "wri", verdict: "expected", reason: "penetration test" },
  });
  const { rows } = await owner.query<{ events: string }>("SELECT events FROM audit_intake");
  const events = rows.flatMap(({ events: batch }) => JSON.parse(batch) as { event: string; actorId: string }[]);
  expect(events).toMatchObject([{ event: "anomaly.acknowledged", actorId: "wri", data: { note: "penetration test" } }]);
});

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Pool } from "pg";
import { recordEvents } from "#server/audit/record.ts";
import { createDb, type Db } from "#server/core/db/client.ts";
import { createPool } from "#server/core/db/pool.ts";
import { withTx } from "#server/core/db/with-tx.ts";
import { messageEvent } from "../../tests/support/audit.ts";
import { createTestDatabase, type TestDatabase } from "../../tests/support/database.ts";

let database: TestDatabase;
let pool: Pool;
let db: Db;

beforeAll(async () => {
  database = await createTestDatabase();
  pool = createPool({ connectionString: database.appUrl, name: "test" });
  db = createDb(pool);
});

afterAll(async () => {
  await db.$disconnect();
  await pool.end();
  await database.drop();
});

async function rowsOf(requestId: string): Promise<Record<string, unknown>[]> {
  const result = await pool.query<Record<string, unknown>>(
    "SELECT * FROM audit_event WHERE request_id = $1 ORDER BY id",
    [requestId],
  );
  return result.rows;
}

describe("recordEvents", () => {
  test("AUD-11 events are stored with the change they describe", async () => {
    const at = new Date("2026-01-02T03:04:05.678Z");
    await withTx(db, async (tx) => {
      await tx.role.create({ data: { name: "auditor", permissions: [], channels: [], commands: [] } });
      await recordEvents(tx, [
        {
          event: "config.changed",
          outcome: "ok",
          actor: { type: "operator", id: "cli" },
          requestId: "r1",
          target: "auditor",
          at,
          data: { n: 1 },
        },
      ]);
    });
    expect(await rowsOf("r1")).toEqual([
      expect.objectContaining({
        at,
        event: "config.changed",
        code: "OCC003I",
        kind: "config_changes",
        severity: "info",
        outcome: "ok",
        actor_type: "operator",
        actor_id: "cli",
        target: "auditor",
        token_id: null,
        data: { n: 1 },
        seq: null,
        hash: null,
      }),
    ]);
  });

  test("AUD-11 a change that is undone leaves no record, and a record that fails undoes the change", async () => {
    const undone = withTx(db, async (tx) => {
      await recordEvents(tx, [{ ...messageEvent(0), requestId: "r2" }]);
      throw new Error("undo");
    });
    await expect(undone).rejects.toThrow("undo");
    expect(await rowsOf("r2")).toEqual([]);

    const unrecorded = withTx(db, async (tx) => {
      await tx.role.create({ data: { name: "ghost", permissions: [], channels: [], commands: [] } });
      await tx.$executeRawUnsafe("SET LOCAL transaction_read_only = on");
      await recordEvents(tx, [messageEvent(0)]);
    });
    await expect(unrecorded).rejects.toThrow();
    expect(await db.role.findUnique({ where: { name: "ghost" } })).toBeNull();
  });

  test("AUD-10 hostile values are stored, made visible and bounded", async () => {
    const poison = `\u0000\u001b[31m\r\n\ud800${"x".repeat(5_000)}`;
    await withTx(db, (tx) =>
      recordEvents(tx, [
        {
          ...messageEvent(0),
          requestId: "r3",
          target: poison,
          actor: { type: "anonymous", id: poison },
          data: { [poison]: poison, __proto__: 1 },
          at: new Date(NaN),
        },
      ]),
    );
    const [row] = await rowsOf("r3");
    expect(row?.target).toMatch(/^\\u0000\\u001b\[31m\\u000d\\u000a\ufffdx+…$/);
    expect(row?.actor_id).toBe(row?.target);
    expect(String(row?.target)).toHaveLength(512);
    expect(Math.abs(Number(row?.at) - Date.now())).toBeLessThan(60_000);
  });

  test("AUD-2 kinds that are not wanted are left out", async () => {
    await withTx(db, (tx) =>
      recordEvents(
        tx,
        [
          { ...messageEvent(0), requestId: "r4" },
          { event: "token.created", outcome: "ok", actor: { type: "system", id: "s" }, requestId: "r4" },
        ],
        (kind) => kind !== "message_receive",
      ),
    );
    expect((await rowsOf("r4")).map((row) => row.event)).toEqual(["token.created"]);
  });

  test("AUD-4 the worker may record, and neither it nor the web process may change, remove or seal a row", async () => {
    const worker = createPool({ connectionString: database.workerUrl, name: "test" });
    const workerDb = createDb(worker);
    await withTx(workerDb, (tx) => recordEvents(tx, [{ ...messageEvent(0), requestId: "r5" }]));
    expect(await rowsOf("r5")).toHaveLength(1);
    for (const role of [pool, worker]) {
      await expect(role.query("UPDATE audit_event SET outcome = 'denied'")).rejects.toMatchObject({ code: "42501" });
      await expect(role.query("DELETE FROM audit_event")).rejects.toMatchObject({ code: "42501" });
      await expect(role.query("TRUNCATE audit_event")).rejects.toMatchObject({ code: "42501" });
      const forged =
        "INSERT INTO audit_event (event, code, kind, severity, outcome, actor_type, actor_id, seq) VALUES ('e','c','k','info','ok','a','b', 1)";
      await expect(role.query(forged)).rejects.toMatchObject({ code: "42501" });
    }
    await workerDb.$disconnect();
    await worker.end();
  });
});

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Pool } from "pg";
import { recordEvents } from "#server/audit/record.ts";
import { createDb, type Db } from "#server/core/db/client.ts";
import { createPool } from "#server/core/db/pool.ts";
import { withTx } from "#server/core/db/with-tx.ts";
import { messageEvent, RECORDED } from "../../tests/support/audit.ts";
import { createTestDatabase, type TestDatabase } from "../../tests/support/database.ts";

let database: TestDatabase;
let pool: Pool;
let db: Db;
let owner: Pool;

beforeAll(async () => {
  database = await createTestDatabase();
  pool = createPool({ connectionString: database.appUrl, name: "test" });
  db = createDb(pool);
  owner = createPool({ connectionString: database.ownerUrl, name: "test" });
});

afterAll(async () => {
  await db.$disconnect();
  await pool.end();
  await owner.end();
  await database.drop();
});

async function recordOf(requestId: string): Promise<Record<string, unknown>[]> {
  const result = await owner.query<Record<string, unknown>>(
    `SELECT * FROM ${RECORDED} AS record WHERE request_id = $1 ORDER BY n`,
    [requestId],
  );
  return result.rows;
}

describe("recordEvents", () => {
  test("AUD-11 events are stored with the change they describe", async () => {
    await withTx(db, async (tx) => {
      await tx.role.create({ data: { name: "auditor", permissions: [], channels: [], commands: [] } });
      await recordEvents(tx, [
        {
          event: "config.changed",
          outcome: "ok",
          actor: { type: "operator", id: "cli" },
          requestId: "r1",
          target: "auditor",
          at: new Date("2026-01-02T03:04:05.678Z"),
          data: { n: 1 },
        },
      ]);
    });
    const { rows } = await owner.query<{ entries: unknown[] }>("SELECT events::json AS entries FROM audit_intake");
    expect(rows).toEqual([
      {
        entries: [
          {
            at: Date.parse("2026-01-02T03:04:05.678Z"),
            event: "config.changed",
            outcome: "ok",
            actorType: "operator",
            actorId: "cli",
            requestId: "r1",
            correlationId: "r1",
            target: "auditor",
            data: { n: 1 },
          },
        ],
      },
    ]);
  });

  test("AUD-11 a change that is undone leaves no record, and a record that fails undoes the change", async () => {
    const undone = withTx(db, async (tx) => {
      await recordEvents(tx, [{ ...messageEvent(0), requestId: "r2" }]);
      throw new Error("undo");
    });
    await expect(undone).rejects.toThrow("undo");
    expect(await recordOf("r2")).toEqual([]);

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
    const [row] = await recordOf("r3");
    expect(row?.target).toMatch(/^\\u0000\\u001b\[31m\\u000d\\u000a\ufffdx+…$/);
    expect(row?.actor_id).toBe(row?.target);
    expect(String(row?.target)).toHaveLength(512);
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
    expect((await recordOf("r4")).map((row) => row.event)).toEqual(["token.created"]);
  });

  test("AUD-4 the worker may record, and neither it nor the web process may read, change or remove a batch, or seal", async () => {
    const worker = createPool({ connectionString: database.workerUrl, name: "test" });
    const workerDb = createDb(worker);
    await withTx(workerDb, (tx) => recordEvents(tx, [{ ...messageEvent(0), requestId: "r5" }]));
    expect(await recordOf("r5")).toHaveLength(1);
    const refused = [
      "SELECT events FROM audit_intake",
      "UPDATE audit_intake SET events = '[]'",
      "DELETE FROM audit_intake",
      "TRUNCATE audit_intake",
      "INSERT INTO audit_event (seq, at, event, code, kind, severity, outcome, actor_type, actor_id, data, hash) VALUES (1,now(),'e','c','k','info','ok','a','b','{}','h')",
    ];
    for (const role of [pool, worker]) {
      for (const statement of refused) {
        await expect(role.query(statement)).rejects.toMatchObject({ code: "42501" });
      }
    }
    await workerDb.$disconnect();
    await worker.end();
  });

  test("AUD-11 more events than the sealer takes as one batch fail the change", async () => {
    const many = Array.from({ length: 10_001 }, (_, n) => messageEvent(n));
    const recorded = withTx(db, (tx) => recordEvents(tx, many));
    await expect(recorded).rejects.toMatchObject({ code: "AUDIT_UNAVAILABLE" });
  });
});

/** Uses that wait to be counted, on a real database: each counts exactly once, whoever counts, opens the count or dies. */
import fc from "fast-check";
import type { Pool } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startMigratedCluster } from "../../tests/support/cluster.ts";
import { createTestDatabase, type TestDatabase } from "../../tests/support/database.ts";
import { endedCall, holdUses, payerOf, settingFor } from "../../tests/support/ended-call.ts";
import { createPool } from "#server/core/db/pool.ts";
import { inTransaction } from "#server/core/db/in-transaction.ts";
import { openBudgetRoom } from "#server/models/budget-room.ts";
import { budgetsFor, type AppliedBudget } from "#server/models/budgets.ts";
import { countUses, openCount } from "#server/models/counts.ts";
import { openCounter } from "#server/models/counter.ts";
import { expireLeases, openLeaseStore } from "#server/models/lease-store.ts";
import { openLedger, type Ledger } from "#server/models/ledger.ts";

const NOW = Date.now();
const fail = (error: unknown): never => {
  throw error;
};
/** A ledger whose process dies before it counts: only others count. */
const UNHEARD = { stored: () => undefined };
const CURRENT = { caughtUp: () => Promise.resolve() };
const budgetOf = (name: string, maxTokens = 1_000_000): AppliedBudget =>
  budgetsFor([settingFor(name, maxTokens)], payerOf(name), NOW)[0] ?? fail(new Error("no budget"));
const useOf = (ledger: Ledger, name: string, tokens: number): Promise<void> =>
  ledger.add(endedCall(payerOf(name), NOW, { tokens, nano: tokens * 3 }, [budgetOf(name)]));

let database: TestDatabase;
let pool: Pool;
let durable: Pool;
beforeAll(async () => {
  database = await createTestDatabase();
  pool = createPool({ connectionString: database.appUrl, name: "counting", max: 8, relaxed: true });
  durable = createPool({ connectionString: database.appUrl, name: "listing", max: 2 });
});
afterAll(async () => {
  await Promise.all([pool.end(), durable.end()]);
  await database.drop();
});

const countOf = async (name: string, db = pool) =>
  (
    await db.query<{ used: number; nano: number; reserved: number }>(
      "SELECT used_tokens AS used, used_cost_nano AS nano, reserved_tokens AS reserved FROM model_budget WHERE key = $1",
      [budgetOf(name).key],
    )
  ).rows[0];
const waiting = async (db = pool): Promise<number> =>
  (await db.query<{ n: number }>("SELECT count(*)::int AS n FROM model_uncounted")).rows[0]?.n ?? 0;

describe("the list of calls", () => {
  test("keeps one row for the uses of a commit, and none where nothing counts", async () => {
    const ledger = openLedger(durable, UNHEARD);
    await openCount(pool, budgetOf("rows"));
    await Promise.all(
      Array.from({ length: 50 }, () => ledger.add(endedCall(payerOf("x"), NOW, { tokens: 5, nano: 1 }, []))),
    );
    await useOf(ledger, "rows", 0);
    expect(await waiting()).toBe(0);
    await Promise.all(Array.from({ length: 50 }, () => useOf(ledger, "rows", 7)));
    const { rows } = await pool.query<{ uses: string }>("SELECT uses FROM model_uncounted");
    expect(rows.map(({ uses }) => JSON.parse(uses) as unknown)).toMatchObject([[{ tokens: 350, nano: 1_050 }]]);
    await countUses(pool);
    expect([await countOf("rows"), await waiting()]).toEqual([{ used: 350, nano: 1_050, reserved: 0 }, 0]);
  });
});

describe("counting", () => {
  test("by many at once never counts anything twice, and leaves nothing", async () => {
    const names = ["many-a", "many-b", "many-c"];
    await Promise.all(names.map((name) => openCount(pool, budgetOf(name))));
    const ledgers = Array.from({ length: 3 }, () => openLedger(durable, UNHEARD));
    for (let round = 0; round < 40; round += 1) {
      await Promise.all(ledgers.map((ledger, n) => useOf(ledger, names[(round + n) % 3] ?? "", round + 1)));
    }
    expect(await waiting()).toBeGreaterThan(80);
    await Promise.all(Array.from({ length: 8 }, () => countUses(pool)));
    const used = (40 * 41) / 2;
    for (const name of names) {
      expect((await countOf(name))?.used).toBeGreaterThan(0);
    }
    const counts = await Promise.all(names.map((name) => countOf(name)));
    expect(counts.reduce((sum, count) => sum + (count?.used ?? 0), 0)).toBe(used * 3);
    expect(await waiting()).toBe(0);
  });

  test("and opening the count at any moment between calls comes to what the list says", async () => {
    let turn = 0;
    const step = fc.constantFrom("use", "use", "use", "count", "open");
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 30 }), fc.nat(5), async (steps, together) => {
        turn += 1;
        const name = `open${turn}`;
        const ledgers = [openLedger(durable, UNHEARD), openLedger(durable, UNHEARD)];
        const does = {
          use: (n: number) => useOf(ledgers[n % 2] ?? fail(new Error("no ledger")), name, n + 1),
          count: () => countUses(pool),
          open: () => openCount(pool, budgetOf(name)),
        };
        const underWay: Promise<void>[] = [];
        for (const [n, what] of steps.entries()) {
          underWay.push(does[what](n));
          if (underWay.length > together) {
            await underWay.shift();
          }
        }
        await Promise.all(underWay);
        await openCount(pool, budgetOf(name));
        await countUses(pool);
        const { rows } = await pool.query<{ used: number }>(
          "SELECT COALESCE(sum(input_tokens), 0)::bigint AS used FROM model_call WHERE principal_id = $1",
          [`token:${name}`],
        );
        expect((await countOf(name))?.used).toBe(rows[0]?.used);
      }),
      { numRuns: 60, endOnFailure: true },
    );
  });

  test("goes on when some process left a use that no number can hold", async () => {
    await openCount(pool, budgetOf("absurd"));
    await openCount(pool, budgetOf("sane"));
    const { key, periodStart } = budgetOf("absurd");
    const absurd = [1e40, null, 1].map((tokens) => ({ key, period_start: periodStart, tokens, nano: 1 }));
    await pool.query("INSERT INTO model_uncounted (uses) VALUES ($1)", [JSON.stringify(absurd)]);
    await useOf(openLedger(durable, UNHEARD), "sane", 5);
    await countUses(pool);
    expect(await countOf("sane")).toMatchObject({ used: 5 });
    expect((await countOf("absurd"))?.used).toBeGreaterThan(1e18);
  });

  test("starts by itself: after what this process stored, and with what another left before", async () => {
    await openCount(pool, budgetOf("itself"));
    await useOf(openLedger(durable, UNHEARD), "itself", 3);
    const counter = openCounter(pool, { warn: fail });
    await expect.poll(() => countOf("itself")).toMatchObject({ used: 3 });
    await useOf(openLedger(durable, counter), "itself", 4);
    await expect.poll(() => countOf("itself")).toMatchObject({ used: 7 });
    await counter.close();
  });

  test("that fails says so once, keeps everything and catches up", async () => {
    await openCount(pool, budgetOf("outage"));
    const broken = createPool({ connectionString: `${database.appUrl}&user=nobody`, name: "broken", max: 1 });
    const warnings: unknown[] = [];
    const counter = openCounter(broken, { warn: (...said: unknown[]) => void warnings.push(said) });
    const ledger = openLedger(durable, counter);
    await useOf(ledger, "outage", 9);
    await counter.close();
    await counter.close();
    expect(warnings).toHaveLength(1);
    expect([await waiting(), await countOf("outage")]).toMatchObject([1, { used: 0 }]);
    await countUses(pool);
    expect([await waiting(), await countOf("outage")]).toMatchObject([0, { used: 9 }]);
    await broken.end();
  });
});

describe("room", () => {
  const need = { inputTokens: 10, outputWish: 50, outputLeast: 50, price: { input: 0, output: 0 }, longestMs: 1_000 };

  test("is neither freed nor taken by counting: used and reserved are the same before and after", async () => {
    const ledger = openLedger(durable, UNHEARD);
    const room = openBudgetRoom(openLeaseStore(pool, CURRENT), fail);
    const budgets = [budgetOf("same", 600)];
    const taken = await room.take(budgets, need);
    const holds = taken.ok ? taken.holds : [];
    const before = await countOf("same");
    const used = { tokens: 60, nano: 0 };
    await ledger.add(endedCall(payerOf("same"), NOW, used, budgets, holdUses(holds, used)));
    room.settle(holds, used);
    expect([before?.used, await countOf("same")]).toEqual([0, before]);
    await countUses(pool);
    expect(await countOf("same")).toMatchObject({ used: 60, reserved: (before?.reserved ?? 0) - 60 });
    await room.close();
    expect(await countOf("same")).toMatchObject({ used: 60, reserved: 0 });
  });

  test("of a lease that has expired is given back only after what was used of it is counted", async () => {
    const ledger = openLedger(durable, UNHEARD);
    const room = openBudgetRoom(openLeaseStore(pool, CURRENT), fail);
    const budgets = [budgetOf("expired", 100)];
    const taken = await room.take(budgets, need);
    const holds = taken.ok ? taken.holds : [];
    const used = { tokens: 60, nano: 0 };
    await ledger.add(endedCall(payerOf("expired"), NOW, used, budgets, holdUses(holds, used)));
    await pool.query("UPDATE model_reservation SET expires_at = now() - interval '1 second'");
    const other = openBudgetRoom(openLeaseStore(pool, CURRENT), fail);
    expect(await other.take(budgets, need)).toMatchObject({ ok: false, left: { tokens: 40 } });
    expect(await countOf("expired")).toMatchObject({ used: 60, reserved: 0 });
    expect(await expireLeases(pool)).toBe(0);
    room.settle(holds, used);
    await Promise.all([room.close(), other.close()]);
  });

  test("a call used beyond what it held is gone before its process takes more", async () => {
    const counter = openCounter(pool, { warn: fail });
    const ledger = openLedger(durable, counter);
    const room = openBudgetRoom(openLeaseStore(pool, counter), fail);
    const budgets = [budgetOf("beyond", 120)];
    const taken = await room.take(budgets, need);
    const holds = taken.ok ? taken.holds : [];
    const used = { tokens: 61, nano: 0 };
    await ledger.add(endedCall(payerOf("beyond"), NOW, used, budgets, holdUses(holds, used)));
    room.settle(holds, used);
    expect(await room.take(budgets, need)).toMatchObject({ ok: false, left: { tokens: 59 } });
    await room.close();
    await counter.close();
  });
});

test("a database killed between list and count, and between count and disk, counts everything once", async () => {
  const cluster = await startMigratedCluster({ durable: true });
  const connect = (relaxed: boolean): Pool =>
    createPool({ connectionString: cluster.url("app"), name: "killed", max: 3, relaxed, onError: () => undefined });
  const [listing, counting] = [connect(false), connect(true)];
  try {
    const ledger = openLedger(listing, UNHEARD);
    await openCount(counting, budgetOf("killed"));
    let stored = 0;
    for (let round = 0; round < 4; round += 1) {
      for (let n = 1; n <= 5; n += 1) {
        await useOf(ledger, "killed", n);
        stored += n;
      }
      // Every other time counted, in a commit that has not waited for the disk.
      if (round % 2 === 1) {
        await countUses(counting);
      }
      await cluster.killAndStartAgain();
      const counted = (await countOf("killed", counting).catch(() => countOf("killed", counting)))?.used ?? 0;
      const rows = await waiting(counting);
      // What was counted and reached the disk is not waiting any more, and what did not is.
      expect(counted === stored ? rows === 0 : rows > 0).toBe(true);
    }
    await countUses(counting);
    expect([await countOf("killed", counting), await waiting(counting)]).toEqual([
      { used: stored, nano: stored * 3, reserved: 0 },
      0,
    ]);
  } finally {
    await Promise.all([listing.end(), counting.end()]);
    await cluster.stop();
  }
});

test("a process that dies while it counts has counted nothing", async () => {
  await openCount(pool, budgetOf("dies"));
  await useOf(openLedger(durable, UNHEARD), "dies", 8);
  const doomed = createPool({ connectionString: database.appUrl, name: "doomed", max: 1 });
  doomed.on("error", () => undefined);
  await inTransaction(durable, async (client) => {
    // It has taken the uses out, and waits for their budget.
    await client.query("SELECT 1 FROM model_budget WHERE key = $1 FOR UPDATE", [budgetOf("dies").key]);
    const counting = countUses(doomed).then(
      () => "counted",
      () => "died",
    );
    const blocked = async () =>
      (
        await pool.query(
          "SELECT pid FROM pg_stat_activity WHERE application_name = 'doomed' AND wait_event_type = 'Lock'",
        )
      ).rowCount;
    await expect.poll(blocked, { timeout: 10_000 }).toBe(1);
    // Somebody else neither waits for it nor counts what it counts.
    await countUses(pool);
    await pool.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'doomed'");
    expect(await counting).toBe("died");
  });
  await countUses(pool);
  expect([await countOf("dies"), await waiting()]).toMatchObject([{ used: 8 }, 0]);
  await doomed.end();
});

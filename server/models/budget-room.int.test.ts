/** Room in budgets as several processes hold it: on a real database, calls of random sizes, never more than there is and nothing left behind. */
import fc from "fast-check";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { createPool } from "#server/core/db/pool.ts";
import type { Pool } from "pg";
import { createTestDatabase, type TestDatabase } from "../../tests/support/database.ts";
import { endedCall, holdUses, payerOf, settingFor as setting } from "../../tests/support/ended-call.ts";
import { openBudgetRoom, type BudgetRoom, type Hold } from "#server/models/budget-room.ts";
import { budgetsFor, type Payer } from "#server/models/budgets.ts";
import { openCounter, type Counter } from "#server/models/counter.ts";
import { countUses } from "#server/models/counts.ts";
import { openLeaseStore } from "#server/models/lease-store.ts";
import { openLedger, type Ledger } from "#server/models/ledger.ts";
import type { Amount } from "#server/models/room-arithmetic.ts";

let database: TestDatabase;
let pool: Pool;
beforeAll(async () => {
  database = await createTestDatabase();
  pool = createPool({ connectionString: database.appUrl, name: "test", max: 8, relaxed: true });
});
afterAll(async () => {
  await pool.end();
});

const NOW = Date.now();
const fail = (error: unknown): never => {
  throw error;
};

interface Process {
  room: BudgetRoom;
  ledger: Ledger;
  counter: Counter;
}
/** What it could not count. */
const warnings: unknown[] = [];
function startProcess(): Process {
  const counter = openCounter(pool, { warn: (...said: unknown[]) => void warnings.push(said) });
  return {
    room: openBudgetRoom(openLeaseStore(pool, counter), fail),
    ledger: openLedger(pool, counter),
    counter,
  };
}

/** As a server ends. */
async function stop(...processes: readonly Process[]): Promise<void> {
  await Promise.all(processes.map(({ room }) => room.close()));
  await Promise.all(processes.map(({ counter }) => counter.close()));
  expect(warnings).toEqual([]);
}

/** Stores what a call used, as `recordCall` does. */
async function end({ room, ledger }: Process, payer: Payer, holds: readonly Hold[], used: Amount): Promise<void> {
  const counts = holds.map(({ lease: { key, periodStart } }) => ({ key, periodStart }));
  await ledger.add(endedCall(payer, NOW, used, counts, holdUses(holds, used)));
  room.settle(holds, used);
}

const countOf = async (name: string) =>
  (
    await pool.query<{ used: number; nano: number; reserved: number; reserved_nano: number }>(
      `SELECT used_tokens AS used, used_cost_nano AS nano, reserved_tokens AS reserved, reserved_nano FROM model_budget WHERE key LIKE $1`,
      [`token|%|token:${name}`],
    )
  ).rows[0];

const need = (inputTokens: number, outputWish: number, outputLeast: number) => ({
  inputTokens,
  outputWish,
  outputLeast,
  price: { input: 1_000, output: 3_000 },
  longestMs: 30_000,
});

test("processes side by side never take more than there is, count what was used, and hold nothing in the end", async () => {
  let turn = 0;
  const callOf = fc.record({
    process: fc.nat(2),
    input: fc.integer({ min: 1, max: 60 }),
    output: fc.integer({ min: 1, max: 60 }),
    openEnd: fc.boolean(),
    /** Percent of what was granted. */
    used: fc.integer({ min: 0, max: 100 }),
    /** Somebody counts after it, in the middle of everything else. */
    thenCounts: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(callOf, { minLength: 1, maxLength: 60 }),
      fc.integer({ min: 1, max: 3_000 }),
      fc.option(fc.integer({ min: 1, max: 5_000 }), { nil: undefined }),
      async (wanted, maxTokens, costMicros) => {
        turn += 1;
        const name = `p${turn}`;
        const payer = payerOf(name);
        const settings = [setting(name, maxTokens, costMicros === undefined ? undefined : costMicros / 1_000_000)];
        const processes = [startProcess(), startProcess(), startProcess()];
        let used = { tokens: 0, nano: 0 };
        let held = { tokens: 0, nano: 0 };
        const maxNano = (costMicros ?? Infinity) * 1_000;
        await Promise.all(
          wanted.map(async ({ process, input, output, openEnd, used: percent, thenCounts }) => {
            const one = processes[process] ?? fail(new Error("no such process"));
            const budgets = budgetsFor(settings, payer, NOW);
            const room = await one.room.take(budgets, need(input, output, openEnd ? 1 : output));
            if (!room.ok) {
              return;
            }
            expect(room.outputTokens).toBeLessThanOrEqual(output);
            expect(room.outputTokens).toBeGreaterThanOrEqual(openEnd ? 1 : output);
            const granted = {
              tokens: input + room.outputTokens,
              nano: Math.ceil(input * 1_000 + room.outputTokens * 3_000),
            };
            held = { tokens: held.tokens + granted.tokens, nano: held.nano + granted.nano };
            expect(used.tokens + held.tokens).toBeLessThanOrEqual(maxTokens);
            expect(used.nano + held.nano).toBeLessThanOrEqual(maxNano);
            const took = {
              tokens: Math.floor((granted.tokens * percent) / 100),
              nano: Math.floor((granted.nano * percent) / 100),
            };
            await end(one, payer, room.holds, took);
            held = { tokens: held.tokens - granted.tokens, nano: held.nano - granted.nano };
            used = { tokens: used.tokens + took.tokens, nano: used.nano + took.nano };
            if (thenCounts) {
              await countUses(pool);
            }
          }),
        );
        await stop(...processes);
        expect(await countOf(name)).toEqual({ used: used.tokens, nano: used.nano, reserved: 0, reserved_nano: 0 });
      },
    ),
    { numRuns: 25, endOnFailure: true },
  );
  expect((await pool.query("SELECT 1 FROM model_reservation")).rows).toEqual([]);
  expect((await pool.query("SELECT 1 FROM model_uncounted")).rows).toEqual([]);
});

test("what one process holds idle is another's within two seconds", async () => {
  const [one, other] = [startProcess(), startProcess()];
  const payer = payerOf("idle");
  const budgets = budgetsFor([setting("idle", 1_000)], payer, NOW);
  const first = await one.room.take(budgets, need(1, 1, 1));
  expect(first.ok).toBe(true);
  await end(one, payer, first.ok ? first.holds : [], { tokens: 2, nano: 0 });
  await vi.waitFor(async () => {
    const all = await other.room.take(budgets, need(1, 997, 997));
    expect(all.ok).toBe(true);
  }, 5_000);
  await stop(one, other);
});

test("a limit that was lowered holds for the next call, and a raised one as well", async () => {
  const one = startProcess();
  const payer = payerOf("changed");
  const take = (maxTokens: number) =>
    one.room.take(budgetsFor([setting("changed", maxTokens)], payer, NOW), need(5, 5, 5));
  const first = await take(10_000);
  expect(first.ok).toBe(true);
  const refused = await take(15);
  expect(refused).toMatchObject({ ok: false, left: { tokens: 5, costNano: null } });
  expect((await take(20)).ok).toBe(true);
  await stop(one);
});

test("after the lease of a process has expired its calls count what they used, and take nothing from anybody else", async () => {
  const [slow, other] = [startProcess(), startProcess()];
  const payer = payerOf("late");
  const budgets = budgetsFor([setting("late", 100)], payer, NOW);
  const first = await slow.room.take(budgets, need(30, 30, 30));
  await pool.query("UPDATE model_reservation SET expires_at = now() - interval '1 second'");
  const second = await other.room.take(budgets, need(40, 50, 50));
  expect(second.ok).toBe(true);
  await end(slow, payer, first.ok ? first.holds : [], { tokens: 60, nano: 0 });
  await slow.counter.close();
  expect(await countOf("late")).toMatchObject({ used: 60, reserved: 90 });
  await stop(slow, other);
});

import fc from "fast-check";
import { expect, test } from "vitest";
import { MAX_AGE_MS, planPool, poolMemory, type PoolState, type WantedContainers } from "#worker/pool/plan.ts";

const MiB = 1024 * 1024;
const MINUTE = 60_000;
const now = 1_800_000_000_000;
const want = (key: string, size = 2, memoryBytes = 512 * MiB): WantedContainers => ({ key, size, memoryBytes });
const state = (more: Partial<PoolState> = {}): PoolState => ({
  now,
  wanted: [want("a")],
  machineBytes: 24 * 1024 * MiB,
  idle: [],
  coldStarts: 0,
  lastUseAt: now - MINUTE,
  lastTakenAt: now - MINUTE,
  failures: 0,
  lastFailureAt: 0,
  ...more,
});
const entry = (id: string, more: { key?: string; ageMs?: number } = {}) => ({
  id,
  key: more.key ?? "a",
  madeAt: now - (more.ageMs ?? MINUTE),
});

const anyState = fc
  .record({
    wanted: fc.uniqueArray(
      fc.record({
        key: fc.constantFrom("a", "b", "c"),
        size: fc.nat(10),
        memoryBytes: fc.integer({ min: 16 * MiB, max: 4096 * MiB }),
      }),
      { selector: ({ key }) => key },
    ),
    machineBytes: fc.integer({ min: 512 * MiB, max: 16_384 * MiB }),
    idle: fc.array(fc.record({ key: fc.constantFrom("a", "b"), ageMs: fc.nat(2 * MAX_AGE_MS) }), { maxLength: 15 }),
    coldStarts: fc.nat(2),
    sinceUse: fc.nat(30 * MINUTE),
    sinceTaken: fc.nat(1_000),
    failures: fc.nat(50),
    sinceFailure: fc.nat(2 * MINUTE),
  })
  .map(({ idle, sinceUse, sinceTaken, sinceFailure, ...rest }) =>
    state({
      ...rest,
      idle: idle.map((one, index) => entry(String(index), one)),
      lastUseAt: now - sinceUse,
      lastTakenAt: now - sinceTaken,
      lastFailureAt: now - sinceFailure,
    }),
  );

test("never more than asked for, never more than half the memory, only what fits now, whatever was there before", () => {
  fc.assert(
    fc.property(anyState, (given) => {
      const { targets, drop, make, lookInMs } = planPool(given);
      const left = given.idle.filter(({ id }) => !drop.includes(id));
      expect(left.every(({ key, madeAt }) => targets.has(key) && now - madeAt < MAX_AGE_MS)).toBe(true);
      let promised = 0;
      for (const { key, size, memoryBytes } of given.wanted) {
        const after = left.filter((entry) => entry.key === key).length + (make === key ? 1 : 0);
        expect(after).toBeLessThanOrEqual(size);
        expect(after).toBeLessThanOrEqual(targets.get(key) ?? 0);
        promised += after * memoryBytes;
      }
      expect(promised).toBeLessThanOrEqual(poolMemory(given.machineBytes));
      expect(lookInMs).toBeGreaterThan(0);
      expect(lookInMs).toBeLessThanOrEqual(2_000);
    }),
  );
});

test("left alone it comes to rest exactly at its target, one container after the other", () => {
  fc.assert(
    fc.property(anyState, (given) => {
      let current: PoolState = {
        ...given,
        coldStarts: 0,
        failures: 0,
        lastUseAt: now - MINUTE,
        lastTakenAt: now - MINUTE,
      };
      for (let step = 0; step < 40; step += 1) {
        const { drop, make } = planPool(current);
        const left = current.idle.filter(({ id }) => !drop.includes(id));
        const made = make === null ? [] : [{ id: `new${step}`, key: make, madeAt: now }];
        current = { ...current, idle: [...left, ...made] };
      }
      const { targets, drop, make } = planPool(current);
      expect({ drop, make }).toEqual({ drop: [], make: null });
      for (const [key, target] of targets) {
        expect(current.idle.filter((entry) => entry.key === key)).toHaveLength(target);
      }
    }),
  );
});

test("the first of the wanted profiles has the memory first", () => {
  const wanted = [want("a", 2, 4096 * MiB), want("b", 3, 3072 * MiB), want("c", 1, 1024 * MiB)];
  expect([...planPool(state({ wanted })).targets]).toEqual([
    ["a", 2],
    ["b", 1],
    ["c", 1],
  ]);
});

test("a change of the key drops all of the old ones and makes new ones; no key drops all", () => {
  const idle = [entry("1"), entry("2")];
  expect(planPool(state({ wanted: [want("b")], idle }))).toMatchObject({ drop: ["1", "2"], make: "b" });
  expect(planPool(state({ wanted: [], idle }))).toMatchObject({ drop: ["1", "2"], make: null });
  expect(planPool(state({ wanted: [want("a", 0)], idle }))).toMatchObject({ drop: ["1", "2"], make: null });
});

test("nothing is made while a run makes its own, or right after one was handed out", () => {
  expect(planPool(state({ coldStarts: 1 })).make).toBeNull();
  expect(planPool(state({ lastTakenAt: now - 100 }))).toMatchObject({ make: null, lookInMs: 150 });
  expect(planPool(state({ lastTakenAt: now - 250 })).make).toBe("a");
});

test("after failures it waits twice as long each time, up to a minute", () => {
  const waits = [1, 2, 3, 7, 100].map((failures) => {
    const made = (agoMs: number): boolean => planPool(state({ failures, lastFailureAt: now - agoMs })).make !== null;
    return [1_000, 2_000, 4_000, 60_000].find(made);
  });
  expect(waits).toEqual([1_000, 2_000, 4_000, 60_000, 60_000]);
});

test("without runs one container is left waiting, and the first run brings the others back", () => {
  const idle = [entry("1", { ageMs: 2 * MINUTE }), entry("2")];
  const quiet = state({ idle, lastUseAt: now - 11 * MINUTE });
  expect(planPool(quiet)).toMatchObject({ drop: ["1"], make: null });
  expect(planPool({ ...quiet, idle: [entry("2")], lastUseAt: now - 1_000 })).toMatchObject({ make: "a" });
});

test("what has waited too long is replaced", () => {
  const idle = [entry("old", { ageMs: MAX_AGE_MS }), entry("new")];
  expect(planPool(state({ idle }))).toMatchObject({ drop: ["old"], make: "a" });
});

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { addUpUses, type BudgetUse } from "#server/models/uses.ts";

const KEYS = ["token|1|a", "token|1|b", "user|1|ana"];
const STARTS = [new Date(0), new Date(86_400_000)];
const amount = fc.oneof(fc.constant(0), fc.nat(1_000));

/** Calls of two processes, each with one lease on each count. */
const call: fc.Arbitrary<BudgetUse> = fc
  .record({
    inputTokens: amount,
    outputTokens: amount,
    costNano: fc.option(amount),
    at: fc.constantFrom(...STARTS),
    keys: fc.uniqueArray(fc.constantFrom(...KEYS)),
    held: fc.uniqueArray(fc.constantFrom(...KEYS)),
    process: fc.nat(1),
    /** Percent of what it used that it had held. */
    share: fc.integer({ min: 0, max: 100 }),
  })
  .map(({ inputTokens, outputTokens, costNano, at, keys, held, process, share }) => ({
    inputTokens,
    outputTokens,
    costNano,
    counts: keys.map((key) => ({ key, periodStart: at })),
    holds: held.map((key) => ({
      lease: `lease_${process}_${key}_${at.getTime()}`,
      key,
      periodStart: at,
      tokens: Math.floor(((inputTokens + outputTokens) * share) / 100),
      nano: Math.floor(((costNano ?? 0) * share) / 100),
    })),
  }));

interface Row {
  lease?: string;
  key: string;
  period_start: string;
  tokens: number;
  nano: number;
}
const rowsOf = (json: string): Row[] => (json === "" ? [] : (JSON.parse(json) as Row[]));
const nameOf = ({ lease, key, period_start }: Pick<Row, "lease" | "key" | "period_start">): string =>
  [lease ?? "", key, period_start].join(" ");

describe("uses of a commit", () => {
  test("come to what the calls used, once for each count and lease, and nothing is said of nothing", () => {
    fc.assert(
      fc.property(fc.array(call, { maxLength: 20 }), (calls) => {
        const expected = new Map<string, [number, number]>();
        const add = (name: string, tokens: number, nano: number): void => {
          const [t, n] = expected.get(name) ?? [0, 0];
          if (tokens > 0 || nano > 0) {
            expected.set(name, [t + tokens, n + nano]);
          }
        };
        for (const { inputTokens, outputTokens, costNano, counts, holds } of calls) {
          counts.forEach(({ key, periodStart }) =>
            add(nameOf({ key, period_start: periodStart.toISOString() }), inputTokens + outputTokens, costNano ?? 0),
          );
          holds.forEach(({ lease, key, periodStart, tokens, nano }) =>
            add(nameOf({ lease, key, period_start: periodStart.toISOString() }), tokens, nano),
          );
        }
        const { json } = addUpUses(calls);
        const rows = rowsOf(json);
        expect(new Map(rows.map((row) => [nameOf(row), [row.tokens, row.nano]]))).toEqual(expected);
        expect(rows).toHaveLength(expected.size);
        expect(json === "").toBe(expected.size === 0);
      }),
    );
  });

  test("say whether one went beyond what it held, in what the lease limits", () => {
    const count = { key: "token|1|a", periodStart: new Date(0) };
    const one = (tokens: number, nano: number, counts = [count]) =>
      addUpUses([
        {
          inputTokens: 10,
          outputTokens: 5,
          costNano: 7,
          counts,
          holds: [{ ...count, lease: "lease_1", tokens, nano }],
        },
      ]).beyond;
    expect([one(15, 7), one(15, 0), one(0, 7), one(14, 7), one(15, 6), one(14, 0)]).toEqual([
      false,
      false,
      false,
      true,
      true,
      true,
    ]);
    // A budget that came while the call was under way.
    expect(one(15, 7, [count, { ...count, key: "user|1|ana" }])).toBe(true);
  });
});

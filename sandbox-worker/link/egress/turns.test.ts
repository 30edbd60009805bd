import { expect, test } from "vitest";
import { createTurns } from "#worker/link/egress/turns.ts";

test("runs so many at a time, the rest in order, and turns away what finds no place", async () => {
  const turns = createTurns(2, 3);
  const ends: (() => void)[] = [];
  const begun: number[] = [];
  const all = [0, 1, 2, 3, 4, 5].map((n) =>
    turns(() => {
      begun.push(n);
      return new Promise<number>((resolve, reject) =>
        ends.push(n === 1 ? () => reject(new Error("1")) : () => resolve(n)),
      );
    }),
  );
  const settled = Promise.allSettled(all);
  await expect(all[5]).rejects.toThrow("waits");
  expect(begun).toEqual([0, 1]);
  for (let n = 0; n < 5; n += 1) {
    await expect.poll(() => ends.length).toBeGreaterThan(n);
    expect(begun.length).toBeLessThanOrEqual(n + 2);
    ends[n]?.();
  }
  expect((await settled).map(({ status }) => status[0])).toEqual(["f", "r", "f", "f", "f", "r"]);
  expect(begun).toEqual([0, 1, 2, 3, 4]);
  expect(await turns(() => Promise.resolve("again"))).toBe("again");
});

import { expect, test } from "vitest";
import { inBatches } from "#server/runs/batches.ts";

async function collect<Value>(source: AsyncIterable<Value>): Promise<Value[]> {
  const values: Value[] = [];
  for await (const value of source) {
    values.push(value);
  }
  return values;
}

test("what is ready comes together, bounded, in order and whole", async () => {
  async function* numbers() {
    for (let n = 1; n <= 5; n += 1) {
      yield n;
    }
  }
  expect(await collect(inBatches(numbers(), 2))).toEqual([[1, 2], [3, 4], [5]]);
});

test("what is there is not held back for what may come", async () => {
  let release = (): void => undefined;
  async function* slow() {
    yield 1;
    yield 2;
    await new Promise<void>((resolve) => {
      release = resolve;
    });
    yield 3;
  }
  const batches = inBatches(slow(), 10);
  expect(await batches.next()).toEqual({ done: false, value: [1, 2] });
  const last = batches.next();
  release();
  expect(await last).toEqual({ done: false, value: [3] });
  expect(await batches.next()).toMatchObject({ done: true });
});

test("a failure comes behind what was read before it", async () => {
  async function* broken() {
    yield 1;
    throw new Error("unreadable");
  }
  const batches = inBatches(broken(), 10);
  expect(await batches.next()).toEqual({ done: false, value: [1] });
  await expect(batches.next()).rejects.toThrow("unreadable");
});

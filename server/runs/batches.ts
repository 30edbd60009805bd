/** What a source has ready at one time, together: a long log is then a few messages and not thousands. */

/** Keeps order and loses nothing. Waits only for the first value of a batch. */
export async function* inBatches<Value>(source: AsyncIterable<Value>, max: number): AsyncGenerator<Value[], void> {
  const values = source[Symbol.asyncIterator]();
  let next = upcoming(values);
  try {
    for (let step = await next; step.done !== true; step = await next) {
      const batch: Value[] = [step.value];
      next = upcoming(values);
      while (batch.length < max) {
        // A failure is met by the loop's own `await`, behind what was read before it.
        const ready = await Promise.race([next, soon()]).catch(() => null);
        if (ready === null || ready.done === true) {
          break;
        }
        batch.push(ready.value);
        next = upcoming(values);
      }
      yield batch;
    }
  } finally {
    // Not awaited: a value may be under way for as long as nothing happens.
    void Promise.resolve(values.return?.()).catch(() => undefined);
  }
}

/** The next value. It may fail while nobody waits for it, which must not count as an error that nobody caught. */
function upcoming<Value>(values: AsyncIterator<Value>): Promise<IteratorResult<Value>> {
  const next = values.next();
  next.catch(() => undefined);
  return next;
}

const soon = (): Promise<null> => new Promise((resolve) => setImmediate(resolve, null));

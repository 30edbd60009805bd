/** Work that waits for its turn. Threat: work that cannot be called off, asked for and left again without end. */

export type Turns = <T>(work: () => Promise<T>) => Promise<T>;

/**
 * At most `most` run at a time; the others wait in the order they came, no more than `waiting` of them.
 * The function it returns throws when there is no place to wait.
 */
export function createTurns(most: number, waiting: number): Turns {
  const queue: (() => void)[] = [];
  let running = 0;
  return async (work) => {
    if (running < most) {
      running += 1;
    } else if (queue.length < waiting) {
      await new Promise<void>((resolve) => queue.push(resolve));
    } else {
      throw new Error("Too much waits already");
    }
    try {
      return await work();
    } finally {
      // A turn that is handed on stays counted.
      const next = queue.shift();
      if (next === undefined) {
        running -= 1;
      } else {
        next();
      }
    }
  };
}

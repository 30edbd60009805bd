/**
 * Group commit: while one batch is being stored, further items gather and travel together in the next, so that one durable commit is shared
 * by everything in flight. A promise resolves only once its item is stored.
 */

export interface GroupCommit<Item> {
  /** Resolves once `item` is stored. @throws what `store` threw, or that too much is waiting. */
  add(item: Item): Promise<void>;
  /** Resolves once nothing waits. */
  idle(): Promise<void>;
}

interface Waiter<Item> {
  item: Item;
  resolve: () => void;
  reject: (error: unknown) => void;
}

interface GroupCommitOptions<Item> {
  /** Stores all of them or none. */
  store: (items: readonly Item[]) => Promise<void>;
  /** Items in one batch. */
  maxItems: number;
  /** Items that may wait before further ones are refused. */
  maxWaiting: number;
  /** What to say then. */
  tooMany: () => Error;
}

/** SQLSTATE: classes 22 (data) and 23 (constraint) are a fault of what was sent; 40 (deadlock, serialisation) asks to try again. */
const sqlClass = (error: unknown): string =>
  typeof error === "object" && error !== null && "code" in error ? String(error.code).slice(0, 2) : "";

export function createGroupCommit<Item>(options: GroupCommitOptions<Item>): GroupCommit<Item> {
  const { store, maxItems, maxWaiting, tooMany } = options;
  const waiting: Waiter<Item>[] = [];
  let draining: Promise<void> | null = null;

  async function settle(batch: readonly Waiter<Item>[], triesLeft: number): Promise<void> {
    try {
      await store(batch.map(({ item }) => item));
    } catch (error) {
      const kind = sqlClass(error);
      if (kind === "40" && triesLeft > 0) {
        return settle(batch, triesLeft - 1);
      }
      if (batch.length > 1 && (kind === "22" || kind === "23")) {
        // One item is at fault: each goes in alone, so that only that one is refused.
        for (const waiter of batch) {
          await settle([waiter], triesLeft);
        }
        return;
      }
      for (const waiter of batch) {
        waiter.reject(error);
      }
      return;
    }
    for (const waiter of batch) {
      waiter.resolve();
    }
  }

  async function drain(): Promise<void> {
    // Lets everything that became ready in this turn of the event loop join the first batch.
    await new Promise((resolve) => setImmediate(resolve));
    while (waiting.length > 0) {
      await settle(waiting.splice(0, maxItems), 2);
    }
    draining = null;
  }

  return {
    add(item) {
      if (waiting.length >= maxWaiting) {
        return Promise.reject(tooMany());
      }
      const stored = new Promise<void>((resolve, reject) => waiting.push({ item, resolve, reject }));
      draining ??= drain();
      return stored;
    },
    async idle() {
      await draining;
    },
  };
}

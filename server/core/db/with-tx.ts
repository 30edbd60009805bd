/** Transactions, apart from the client so that code which is handed a connection need not load the database driver. */
import type { Db, Tx } from "#server/core/db/client.ts";

/** One transaction; nothing slow belongs inside (no HTTP, hashing or key generation). */
export async function withTx<T>(db: Db, work: (tx: Tx) => Promise<T>): Promise<T> {
  return db.$transaction(work, { maxWait: 10_000, timeout: 15_000 });
}

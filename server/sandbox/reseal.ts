/**
 * Encrypts what is stored otherwise than the configuration says now: rows from before encryption was on, and rows under a key that has been
 * replaced. Goes through all rows in the order of their keys, in small transactions, beside a gateway that runs; ended in the middle, the
 * next pass finds what is left.
 */
import type { Pool, PoolClient } from "pg";
import type { Keyring } from "#server/core/crypto/keyring/index.ts";
import { AppError } from "#server/core/errors.ts";
import { RESEAL_COLUMNS, type ResealColumn, type StoredValue } from "#server/sandbox/reseal-columns.ts";
import type { RunSeal, RunSealConfig } from "#server/sandbox/run-seal.ts";

interface ResealDeps {
  /** As the owner of the tables: no process of the gateway may change what is stored. */
  pool: Pool;
  keyring: Keyring;
  runSeal: RunSeal;
  encryption: RunSealConfig;
  /** Called after each page. */
  onProgress: (column: ColumnProgress) => void;
}

export interface ColumnProgress {
  /** Table and column. */
  column: string;
  /** Values that were looked at. */
  seen: number;
  /** Of them: encrypted by this pass, or only found to need it. */
  sealed: number;
  /** Of them: cannot be opened, and stay as they are. */
  unreadable: number;
}

const PAGE = 1_000;

/**
 * @param isRehearsal only counts
 * @throws AppError NOT_CONFIGURED when the configuration encrypts nothing
 */
export async function resealRuns(
  deps: ResealDeps,
  { isRehearsal }: { isRehearsal: boolean },
): Promise<ColumnProgress[]> {
  const columns = RESEAL_COLUMNS.filter((column) => wantedKey(deps, column) !== null);
  if (columns.length === 0) {
    throw new AppError(
      "NOT_CONFIGURED",
      "The configuration encrypts nothing: security.encryption.database.enabled and security.encryption.messages.enabled are false. Set one of them to true.",
    );
  }
  const results: ColumnProgress[] = [];
  for (const column of columns) {
    results.push(await resealColumn(deps, column, isRehearsal));
  }
  return results;
}

/** Id of the key that values of this column are sealed with now. */
function wantedKey({ keyring, encryption }: ResealDeps, { holds }: ResealColumn): string | null {
  if (holds === "messages" && encryption.messages.enabled) {
    return keyring.current("messages").id;
  }
  return encryption.database.enabled ? keyring.current("database").id : null;
}

interface Key {
  id: string;
  seq: number;
}

async function resealColumn(deps: ResealDeps, column: ResealColumn, isRehearsal: boolean): Promise<ColumnProgress> {
  const progress: ColumnProgress = { column: column.name, seen: 0, sealed: 0, unreadable: 0 };
  let last: Key = { id: "", seq: 0 };
  for (;;) {
    const { rows } = await deps.pool.query<Key & { head: unknown }>(column.page, [last.id, last.seq, PAGE]);
    const wanted = wantedKey(deps, column);
    const stale = rows.filter(({ head }) => column.keyOf(head) !== wanted);
    progress.seen += rows.length;
    if (isRehearsal) {
      progress.sealed += stale.length;
    } else {
      for (let start = 0; start < stale.length; start += column.batch) {
        await resealBatch(deps, column, stale.slice(start, start + column.batch), progress);
      }
    }
    deps.onProgress(progress);
    const end = rows.at(-1);
    if (end === undefined || rows.length < PAGE) {
      return progress;
    }
    last = end;
  }
}

async function resealBatch(
  { pool, runSeal }: ResealDeps,
  column: ResealColumn,
  keys: readonly Key[],
  progress: ColumnProgress,
): Promise<void> {
  await inTransaction(pool, async (client) => {
    const { rows } = await client.query<StoredValue>(column.lock, [
      keys.map(({ id }) => id),
      keys.map(({ seq }) => seq),
    ]);
    const fresh = rows.flatMap((row) => {
      const value = storedAnew(runSeal, column, row);
      return value === null ? [] : [{ id: row.id, seq: row.seq, value }];
    });
    await client.query(column.update, [
      fresh.map(({ id }) => id),
      fresh.map(({ seq }) => seq),
      fresh.map(({ value }) => value),
    ]);
    progress.sealed += fresh.length;
    progress.unreadable += rows.length - fresh.length;
  });
}

/** Null when it cannot be opened: it stays as it is, for whoever finds the key. */
function storedAnew(runSeal: RunSeal, column: ResealColumn, row: StoredValue): string | Uint8Array | null {
  try {
    return column.again(runSeal, row);
  } catch (error) {
    if (error instanceof AppError && error.code === "CANNOT_DECRYPT") {
      return null;
    }
    throw error;
  }
}

async function inTransaction(pool: Pool, work: (client: PoolClient) => Promise<void>): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query("BEGIN");
    await work(client);
    await client.query("COMMIT");
    client.release();
  } catch (error) {
    // A connection in the middle of a transaction is of no use to anybody.
    client.release(true);
    throw error;
  }
}

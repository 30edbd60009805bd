/**
 * Seals what is stored otherwise than it would be now: rows from before encryption was on, and rows under a key that has been replaced. Goes
 * through all rows of all sealed columns in the order of their keys, in small transactions, beside a gateway that runs; ended in the middle,
 * the next pass finds what is left.
 */
import type { Pool } from "pg";
import { inTransaction } from "#server/core/db/in-transaction.ts";
import { AppError } from "#server/core/errors.ts";
import type { SealedColumn, Seals, StoredValue } from "#server/reseal/column.ts";
import { SEALED_COLUMNS } from "#server/reseal/columns.ts";
import type { RunSealConfig } from "#server/sandbox/index.ts";

interface ResealDeps extends Seals {
  /** As the owner of the tables: no process of the gateway may change what is stored. */
  pool: Pool;
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

interface Resealed {
  columns: ColumnProgress[];
  /** Columns that the configuration stores as they are: nothing in them was touched. */
  skipped: string[];
}

/** @param isRehearsal only counts */
export async function resealDatabase(deps: ResealDeps, { isRehearsal }: { isRehearsal: boolean }): Promise<Resealed> {
  const columns: ColumnProgress[] = [];
  const skipped: string[] = [];
  for (const column of SEALED_COLUMNS) {
    if (column.purpose(deps.encryption) === null) {
      skipped.push(nameOf(column));
    } else {
      columns.push(await resealColumn(deps, column, isRehearsal));
    }
  }
  return { columns, skipped };
}

const nameOf = ({ table, column }: SealedColumn): string => `${table}.${column}`;

/** Id of the key that values of this column are sealed with now. */
function wantedKey({ keyring, encryption }: ResealDeps, column: SealedColumn): string | null {
  const purpose = column.purpose(encryption);
  return purpose === null ? null : keyring.current(purpose).id;
}

interface Key {
  id: string;
  seq: number;
}

async function resealColumn(deps: ResealDeps, column: SealedColumn, isRehearsal: boolean): Promise<ColumnProgress> {
  const progress: ColumnProgress = { column: nameOf(column), seen: 0, sealed: 0, unreadable: 0 };
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
  deps: ResealDeps,
  column: SealedColumn,
  keys: readonly Key[],
  progress: ColumnProgress,
): Promise<void> {
  await inTransaction(deps.pool, async (client) => {
    const { rows } = await client.query<StoredValue>(column.lock, [
      keys.map(({ id }) => id),
      keys.map(({ seq }) => seq),
    ]);
    const fresh = rows.flatMap((row) => {
      const value = storedAnew(deps, column, row);
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
function storedAnew(seals: Seals, column: SealedColumn, row: StoredValue): string | Uint8Array | null {
  try {
    return column.again(seals, row);
  } catch (error) {
    if (error instanceof AppError && error.code === "CANNOT_DECRYPT") {
      return null;
    }
    throw error;
  }
}

/** PostgreSQL connections with the limits every process lives under. */
import { Pool, types } from "pg";

// bigint columns (ids, sequence numbers) stay below 2^53 here: read them as numbers instead of pg's default strings.
types.setTypeParser(types.builtins.INT8, (text) => Number(text));

export interface PoolOptions {
  connectionString: string;
  /** Shown in pg_stat_activity. */
  name: string;
  /** Connections at most; default 10. */
  max?: number;
  /** Milliseconds a statement may take; default 30,000. */
  statementTimeoutMs?: number;
  /**
   * Commits do not wait for the disk (`synchronous_commit = off`): for what may be lost with a crash of the database, whole and in order, never
   * for what somebody is told is done. Default: they wait.
   */
  relaxed?: boolean;
  /** Called for errors of idle connections (server restart); they are replaced by the pool. */
  onError?: (error: Error) => void;
}

/** A pool whose statements and transactions end by themselves when stuck. */
export function createPool(options: PoolOptions): Pool {
  const pool = new Pool({
    connectionString: options.connectionString,
    application_name: options.name,
    max: options.max ?? 10,
    connectionTimeoutMillis: 10_000,
    idleTimeoutMillis: 30_000,
    statement_timeout: options.statementTimeoutMs ?? 30_000,
    idle_in_transaction_session_timeout: 30_000,
    keepAlive: true,
    ...(options.relaxed === true ? { options: "-c synchronous_commit=off" } : {}),
  });
  pool.on("error", (error) => options.onError?.(error));
  return pool;
}

/** This worker's row in `worker_node`, and what the rows of the others say about who is alive. All ages are measured by the database's clock. */
import type { Pool } from "pg";
import { HEARTBEAT_LIMIT_MS } from "#server/sandbox/index.ts";
import type { EngineFacts } from "#server/sandbox/schema.ts";
import type { WorkerContext } from "#worker/worker-context.ts";

/** Rows of workers that have been silent for this long say nothing to anybody. */
const FORGET_AFTER = "1 day";

export interface Peers {
  isAlive: (workerId: string) => boolean;
  /** True when a live worker, this one included, has an engine. */
  anyEngine: boolean;
}

export async function beat(context: WorkerContext, version: string): Promise<void> {
  await context.pool.query(
    `INSERT INTO worker_node (id, host, pid, version, engine, started_at, heartbeat_at)
     VALUES ($1, $2, $3, $4, $5, now(), now())
     ON CONFLICT (id) DO UPDATE SET engine = excluded.engine, heartbeat_at = now()`,
    [context.workerId, context.host, process.pid, version, JSON.stringify(context.engine.facts())],
  );
}

/** At the end: the row goes, so that nobody waits for its heartbeat to age. */
export async function leave(pool: Pool, workerId: string): Promise<void> {
  await pool.query("DELETE FROM worker_node WHERE id = $1", [workerId]);
}

interface PeerRow {
  id: string;
  host: string;
  pid: number;
  engine: EngineFacts;
  fresh: boolean;
}

export async function readPeers(context: WorkerContext): Promise<Peers> {
  await context.pool.query(`DELETE FROM worker_node WHERE heartbeat_at < now() - interval '${FORGET_AFTER}'`);
  const { rows } = await context.pool.query<PeerRow>(
    `SELECT id, host, pid, engine, heartbeat_at > now() - make_interval(secs => $1::float8 / 1000) AS fresh FROM worker_node`,
    [HEARTBEAT_LIMIT_MS],
  );
  const alive = rows.filter((row) => row.id === context.workerId || (row.fresh && !isGone(row, context.host)));
  const ids = new Set([context.workerId, ...alive.map((row) => row.id)]);
  return {
    isAlive: (workerId) => ids.has(workerId),
    anyEngine:
      context.engine.facts().reachable || alive.some((row) => row.id !== context.workerId && row.engine.reachable),
  };
}

/** A worker of this machine whose process is gone need not be waited for. */
function isGone(row: PeerRow, host: string): boolean {
  if (row.host !== host) {
    return false;
  }
  if (row.pid === process.pid) {
    return true;
  }
  try {
    process.kill(row.pid, 0);
    return false;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "ESRCH";
  }
}

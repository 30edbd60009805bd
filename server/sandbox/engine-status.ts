/** Whether any live worker has an engine, so that a caller is refused at once instead of waiting in a queue nobody serves. */
import type { Db } from "#server/core/db/client.ts";
import { AppError } from "#server/core/errors.ts";
import { EngineFacts } from "#server/sandbox/schema.ts";

/** A worker that has not been heard of for this long counts as dead. It speaks about every 3 s. */
export const HEARTBEAT_LIMIT_MS = 15_000;

interface WorkerStatus {
  id: string;
  host: string;
  pid: number;
  version: string;
  heartbeatAt: Date;
  alive: boolean;
  engine: EngineFacts;
}

interface EngineStatus {
  available: boolean;
  /** Says what is missing and what to do; null when available. */
  problem: string | null;
  /** Newest heartbeat first. */
  workers: WorkerStatus[];
}

interface WorkerRow {
  id: string;
  host: string;
  pid: number;
  version: string;
  engine: unknown;
  heartbeat_at: Date;
  age_ms: number;
}

/** Ages are measured by the database's clock, which also set the heartbeats. */
export async function engineStatus(db: Db): Promise<EngineStatus> {
  const rows = await db.$queryRaw<WorkerRow[]>`
    SELECT id, host, pid, version, engine, heartbeat_at, (extract(epoch FROM now() - heartbeat_at) * 1000)::float8 AS age_ms
    FROM worker_node ORDER BY heartbeat_at DESC LIMIT 20`;
  const workers = rows.map(({ id, host, pid, version, engine, heartbeat_at, age_ms }): WorkerStatus => ({
    id,
    host,
    pid,
    version,
    heartbeatAt: heartbeat_at,
    alive: age_ms < HEARTBEAT_LIMIT_MS,
    engine: EngineFacts.parse(engine),
  }));
  const alive = workers.filter((worker) => worker.alive);
  if (alive.some((worker) => worker.engine.reachable)) {
    return { available: true, problem: null, workers };
  }
  return { available: false, problem: problemOf(alive[0]), workers };
}

function problemOf(worker: WorkerStatus | undefined): string {
  if (worker === undefined) {
    return "No sandbox worker is running. Start one with `openclaw start` (or `openclaw start --only worker`).";
  }
  return `Docker Engine not reachable at ${worker.engine.endpoint}. Start it (\`systemctl start docker\` or \`dockerd\`) or set DOCKER_HOST, then try again.`;
}

/** @throws AppError ENGINE_UNAVAILABLE when no live worker has an engine. */
export async function requireEngine(db: Db): Promise<void> {
  const status = await engineStatus(db);
  if (status.problem !== null) {
    throw new AppError("ENGINE_UNAVAILABLE", status.problem, { retryAfterSeconds: 10 });
  }
}

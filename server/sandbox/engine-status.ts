/** Whether any live worker has an engine, so that a caller is refused at once instead of waiting in a queue nobody serves. */
import type { Clock } from "#server/core/clock.ts";
import { systemClock } from "#server/core/clock.ts";
import type { Db } from "#server/core/db/client.ts";
import { AppError } from "#server/core/errors.ts";
import { EngineFacts } from "#server/sandbox/schema.ts";

/** A worker that has not been heard of for this long counts as dead. It speaks about every 3 s. */
export const HEARTBEAT_LIMIT_MS = 15_000;

export interface WorkerStatus {
  id: string;
  host: string;
  pid: number;
  version: string;
  heartbeatAt: Date;
  alive: boolean;
  engine: EngineFacts;
}

export interface EngineStatus {
  available: boolean;
  /** Says what is missing and what to do; null when available. */
  problem: string | null;
  /** Newest heartbeat first. */
  workers: WorkerStatus[];
}

export async function engineStatus(db: Db, clock: Clock = systemClock): Promise<EngineStatus> {
  const rows = await db.workerNode.findMany({ orderBy: { heartbeatAt: "desc" }, take: 20 });
  const workers = rows.map(({ id, host, pid, version, heartbeatAt, engine }): WorkerStatus => ({
    id,
    host,
    pid,
    version,
    heartbeatAt,
    alive: clock.now() - heartbeatAt.getTime() < HEARTBEAT_LIMIT_MS,
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
export async function requireEngine(db: Db, clock: Clock = systemClock): Promise<void> {
  const status = await engineStatus(db, clock);
  if (status.problem !== null) {
    throw new AppError("ENGINE_UNAVAILABLE", status.problem, { retryAfterSeconds: 10 });
  }
}

/** Whether runs can be carried out at this moment, by whom, and how many wait. */
import type { Db } from "#server/core/db/client.ts";
import type { EngineCard } from "#server/runs/schema.ts";
import { engineStatus } from "#server/sandbox/index.ts";

export async function engineCard(db: Db, now: Date): Promise<EngineCard> {
  const [status, queued, running] = await Promise.all([
    engineStatus(db),
    db.run.count({ where: { state: "queued" } }),
    db.run.count({ where: { state: "running" } }),
  ]);
  return {
    at: now,
    problem: status.problem,
    queued,
    running,
    workers: status.workers.map(({ id, host, version, heartbeatAt, alive, engine }) => ({
      id,
      host,
      version,
      heartbeatAt,
      alive,
      engine,
    })),
  };
}

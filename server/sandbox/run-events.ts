/** A run's stored events in order. Who may see which run is the caller's decision, as in `get-run.ts`. */
import type { RunReading } from "#server/sandbox/get-run.ts";
import { toEvent } from "#server/sandbox/run-view.ts";
import type { RunEvent } from "#server/sandbox/schema.ts";

export async function listRunEvents({ db, runSeal }: RunReading, runId: string): Promise<RunEvent[]> {
  const rows = await db.runEvent.findMany({ where: { runId }, orderBy: { seq: "asc" } });
  return rows.map((row) => toEvent(row, runSeal));
}

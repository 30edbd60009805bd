/** Health for machines. A stranger learns ok or not ok and nothing else. */
import type { Pool } from "pg";
import { json, type Outgoing } from "#server/gateway/exchange.ts";

export interface HealthProbe {
  pool: Pool;
  /** False while the process starts and again while it drains. */
  isServing: () => boolean;
}

const DATABASE_DEADLINE_MS = 2_000;

const verdict = (ok: boolean): Outgoing =>
  json(ok ? 200 : 503, { status: ok ? "ok" : "not ok" }, { "cache-control": "no-store" });

export const liveness = (): Outgoing => verdict(true);

export const startup = (probe: HealthProbe): Outgoing => verdict(probe.isServing());

/** Ready = takes requests: the process serves and the database answers. The sandbox engine is not part of it. */
export async function readiness(probe: HealthProbe): Promise<Outgoing> {
  if (!probe.isServing()) {
    return verdict(false);
  }
  const query = { text: "SELECT 1", query_timeout: DATABASE_DEADLINE_MS };
  return probe.pool.query(query).then(
    () => verdict(true),
    () => verdict(false),
  );
}

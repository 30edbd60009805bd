/** Pure readings of what workers last said. */
import { z } from "zod";
import type { OverviewStatus } from "#server/overview/schema.ts";

/** Milliseconds without a heartbeat after which a worker's word no longer counts. */
const HEARTBEAT_TRUST_MS = 15_000;

/** The part of a worker's engine facts shown here; read leniently, since the worker may be newer than the server. */
const EngineFacts = z.object({
  reachable: z.boolean(),
  version: z.string().nullish(),
  imageDigest: z.string().nullish(),
  error: z.string().nullish(),
});

interface WorkerWord {
  heartbeatAt: Date;
  engine: unknown;
}

export function isAlive(heartbeatAt: Date, now: number): boolean {
  return now - heartbeatAt.getTime() < HEARTBEAT_TRUST_MS;
}

/** The engine as the live workers see it: ready when any of them reaches one. `workers` come freshest first. */
export function engineSummary(workers: readonly WorkerWord[], now: number): OverviewStatus["engine"] {
  const words = workers
    .filter((worker) => isAlive(worker.heartbeatAt, now))
    .map((worker) => EngineFacts.safeParse(worker.engine))
    .map((parsed) => (parsed.success ? parsed.data : { reachable: false, error: "The worker's report about its engine is not readable." }));
  const best: z.infer<typeof EngineFacts> | undefined = words.find((word) => word.reachable) ?? words[0];
  if (best === undefined) {
    return { state: "no_worker", version: null, imageDigest: null, error: null };
  }
  return {
    state: best.reachable ? "ready" : "unreachable",
    version: best.version ?? null,
    imageDigest: best.imageDigest ?? null,
    error: best.error ?? null,
  };
}

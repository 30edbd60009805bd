/** Pure readings of what workers last said. */
import type { OverviewStatus } from "#server/overview/schema.ts";
import type { EngineFacts } from "#server/sandbox/schema.ts";

interface WorkerReport {
  alive: boolean;
  engine: EngineFacts;
}

/**
 * The engine as the live workers see it: ready when any of them can start a container. `workers` come freshest first.
 * @param problem what to do when no engine is to be had, in words for a person.
 */
export function engineSummary(workers: readonly WorkerReport[], problem: string | null): OverviewStatus["engine"] {
  const alive = workers.filter((worker) => worker.alive).map((worker) => worker.engine);
  const best =
    alive.find((engine) => engine.reachable && engine.imageDigest !== null) ??
    alive.find((engine) => engine.reachable) ??
    alive[0];
  if (best === undefined) {
    return { state: "no_worker", version: null, imageDigest: null, problem };
  }
  if (!best.reachable) {
    return { state: "unreachable", version: null, imageDigest: null, problem };
  }
  const { version, imageDigest, image } = best;
  if (imageDigest === null) {
    return {
      state: "image_missing",
      version,
      imageDigest,
      problem: `The image ${image ?? "for runs"} is not on this engine.`,
    };
  }
  return { state: "ready", version, imageDigest, problem: null };
}

/** The files a run keeps: out of the archive that its container wrote, judged, and ready to be stored with the run's end. */
import { systemClock } from "#server/core/clock.ts";
import type { ClaimedRun } from "#worker/claim-run.ts";
import { readOutputs } from "#worker/outputs/read-outputs.ts";
import { prepareOutputs, type StoredOutputs } from "#worker/outputs/store-outputs.ts";
import type { ContainerOutcome } from "#worker/run-container.ts";
import { workerActor, type WorkerContext } from "#worker/worker-context.ts";

/** Null when no files were asked for, or the program did not come to its end. */
export async function keepOutputs(
  context: WorkerContext,
  run: ClaimedRun,
  { kept }: ContainerOutcome,
): Promise<StoredOutputs | null> {
  if (kept === null) {
    return null;
  }
  const rules = context.config().security.fileSystem;
  const files = await readOutputs(kept.archive, run.outputs, rules);
  const deps = {
    db: context.db,
    runSeal: context.runSeal,
    clock: systemClock,
    paths: context.quarantine,
    log: context.log,
  };
  return prepareOutputs(deps, { id: run.id, origin: { actor: workerActor(context), ...run.origin } }, files, rules);
}

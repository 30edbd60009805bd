/** What the sealer does at its start and then every hour: rows and files whose time is over leave. */
import { removalEvent } from "#server/audit/files/retention.ts";
import type { Checkpointer } from "#server/audit/proof/checkpoint-step.ts";
import type { SealerState } from "#server/audit/key-files.ts";
import { changedRowsEvent, removeOld } from "#server/audit/proof/removal-step.ts";
import { sealOwn, type SealBench } from "#server/audit/seal-batch.ts";
import type { NoteSigner } from "#server/audit/proof/signing-note.ts";
import type { Logger } from "#server/core/log.ts";

const RETRY_MS = 10_000;

/** Outlives the sealer's connections, so that a step that fails is not tried again at once. */
export interface UpkeepSchedule {
  everyMs: number;
  /** When the next step is due, as `performance.now()` counts. */
  dueAt: number;
  /** Rows that may not leave were found, and that is on record. */
  alarmed: boolean;
}

interface UpkeepTools {
  bench: SealBench;
  signer: NoteSigner;
  checkpointer: Checkpointer;
  /** Age at which rows leave, in milliseconds. */
  retentionMs: () => number;
  log: Logger;
}

export const isDue = (schedule: UpkeepSchedule): boolean => performance.now() >= schedule.dueAt;

/** Does one step when it is due: few enough rows that nobody waits long for being sealed. */
export async function keepUp(tools: UpkeepTools, schedule: UpkeepSchedule, state: SealerState): Promise<SealerState> {
  if (!isDue(schedule)) {
    return state;
  }
  // Until it has ended well: one that fails is tried again soon, not at once and not only in an hour.
  schedule.dueAt = performance.now() + Math.min(schedule.everyMs, RETRY_MS);
  const { bench, signer, checkpointer, retentionMs, log } = tools;
  await checkpointer.step(state.range, true);
  const removal = await removeOld(bench, state, signer, retentionMs());
  if (removal.more) {
    schedule.dueAt = 0;
    return removal.state;
  }
  let next = removal.state;
  if (removal.refused) {
    log.error("audit: rows that are due for removal were changed; none is removed. Run openclaw security verify-audit");
    if (!schedule.alarmed) {
      schedule.alarmed = true;
      next = await sealOwn(bench, next, [changedRowsEvent()]);
    }
  }
  await bench.mirror.tidy(new Date(), async (files) => {
    next = await sealOwn(bench, next, files.map(removalEvent));
  });
  schedule.dueAt = performance.now() + schedule.everyMs;
  return next;
}

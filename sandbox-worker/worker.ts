/** The worker's loop: claims runs while there is room and an engine, passes on cancellations, and keeps house. */
import { availableParallelism, totalmem } from "node:os";
import type { NotifyHub } from "#server/core/db/notify.ts";
import { profileNames, sandboxingOf, type ProfilesConfig } from "#server/sandbox/profiles.ts";
import { claimNextRun } from "#worker/claim-run.ts";
import { executeRun } from "#worker/execute-run.ts";
import { beat, leave, readPeers } from "#worker/heartbeat.ts";
import { cancelQueuedRuns, failUnservedRuns } from "#worker/queued-runs.ts";
import { reapContainers } from "#worker/reap.ts";
import { recoverLostRuns } from "#worker/recover.ts";
import type { StopReason } from "#worker/run-container.ts";
import { Ticker, Bell } from "#worker/ticker.ts";
import type { WorkerContext } from "#worker/worker-context.ts";

const HEARTBEAT_MS = 3_000;
const HOUSEKEEPING_MS = 5_000;
/** Cancellations and new runs are announced; this only bounds the time when an announcement is lost. */
const CANCEL_CHECK_MS = 1_000;
const QUEUE_CHECK_MS = 2_000;
/** At a stop, runs that end by themselves within this time do so; the others are given back. */
const DRAIN_MS = 8_000;
const GIVE_UP_MS = 5_000;
const MAX_CONCURRENT = 4;
/** Share of the machine's memory that runs together may be promised. */
const MEMORY_SHARE = 0.75;

export interface Worker {
  /** Stops claiming, ends or gives back what runs, leaves no container and no row behind. */
  stop(): Promise<void>;
}

/** Runs at once: bounded by processors and by the memory each one is promised; at least one. */
export function concurrencyFor(memoryBytes: number, cores = availableParallelism(), machineBytes = totalmem()): number {
  const byMemory = Math.floor((machineBytes * MEMORY_SHARE) / memoryBytes);
  return Math.max(1, Math.min(MAX_CONCURRENT, cores * 2, byMemory));
}

/** The most that any profile promises a run, in bytes: which one comes next is not known before it is claimed. */
export const largestMemory = (sandboxing: ProfilesConfig): number =>
  Math.max(...profileNames(sandboxing).map((name) => sandboxingOf(sandboxing, name)?.docker.limits.memory ?? 0));

export async function startWorker(context: WorkerContext, hub: NotifyHub, version: string): Promise<Worker> {
  const { log, engine } = context;
  const active = new Map<string, { stop: AbortController; done: Promise<void> }>();
  const queueBell = new Bell();
  const giveUp = new AbortController();
  let stopping = false;
  let wasReachable = false;

  const heartbeat = new Ticker(HEARTBEAT_MS, log, async () => {
    await engine.refresh(context.sandboxing().docker.image);
    await beat(context, version);
    if (engine.facts().reachable && !wasReachable) {
      queueBell.ring();
      context.warm.look();
    }
    wasReachable = engine.facts().reachable;
  });

  const housekeeping = new Ticker(HOUSEKEEPING_MS, log, async () => {
    const peers = await readPeers(context);
    if (engine.facts().reachable) {
      // Containers of dead workers go before their runs start again.
      await reapContainers(context, {
        isAlive: peers.isAlive,
        isActive: (runId) => active.has(runId),
        isPooled: (entry) => context.warm.holds(entry),
        now: Date.now(),
      });
    }
    await recoverLostRuns(context, peers.isAlive);
    if (!peers.anyEngine) {
      await failUnservedRuns(context);
    }
  });

  const cancellations = new Ticker(CANCEL_CHECK_MS, log, async () => {
    await cancelQueuedRuns(context);
    if (active.size > 0) {
      const asked = await context.db.run.findMany({
        where: { id: { in: [...active.keys()] }, cancelRequestedAt: { not: null } },
        select: { id: true },
      });
      asked.forEach(({ id }) => cancelActive(id));
    }
  });

  function cancelActive(runId: string): boolean {
    const found = active.get(runId);
    found?.stop.abort("cancelled" satisfies StopReason);
    return found !== undefined;
  }

  await hub.listen("openclaw_run_queued", () => queueBell.ring());
  await hub.listen("openclaw_run_cancel", (runId) => {
    if (!cancelActive(runId)) {
      cancellations.now();
    }
  });
  hub.onReconnect(() => {
    queueBell.ring();
    cancellations.now();
  });

  async function claimLoop(): Promise<void> {
    while (!stopping) {
      const full = active.size >= concurrencyFor(largestMemory(context.sandboxing()));
      if (full || !engine.facts().reachable || !(await claimOne())) {
        await queueBell.sleep(QUEUE_CHECK_MS);
      }
    }
  }

  /** False when there was nothing to claim. */
  async function claimOne(): Promise<boolean> {
    try {
      const run = await claimNextRun(context);
      if (run === null || run === "skipped") {
        return run !== null;
      }
      const stop = new AbortController();
      const done = executeRun(context, run, stop, giveUp.signal)
        .catch((error: unknown) => log.error({ err: error, runId: run.id }, "run left to recovery"))
        .finally(() => {
          active.delete(run.id);
          queueBell.ring();
        });
      active.set(run.id, { stop, done });
      return true;
    } catch (error) {
      log.warn({ err: error }, "queue not reachable, trying again");
      return false;
    }
  }

  await heartbeat.runOnce();
  await housekeeping.runOnce();
  [heartbeat, housekeeping, cancellations].forEach((ticker) => ticker.start());
  const loop = claimLoop();

  return {
    async stop() {
      stopping = true;
      queueBell.ring();
      await loop;
      await Promise.all([housekeeping.stop(), cancellations.stop()]);
      const drained = Promise.all([context.warm.close(), ...[...active.values()].map(({ done }) => done)]);
      const timer = setTimeout(
        () => active.forEach(({ stop }) => stop.abort("shutdown" satisfies StopReason)),
        DRAIN_MS,
      );
      // What is not over by then is left to the recovery of the next worker.
      const late = Promise.withResolvers<void>();
      const lastTimer = setTimeout(() => {
        giveUp.abort();
        late.resolve();
      }, DRAIN_MS + GIVE_UP_MS);
      await Promise.race([drained, late.promise]);
      clearTimeout(timer);
      clearTimeout(lastTimer);
      await heartbeat.stop();
      await context.disks?.close();
      await leave(context.pool, context.workerId).catch((error: unknown) =>
        log.warn({ err: error }, "worker row not removed"),
      );
    },
  };
}

/** Removes what a crash left on the engine: containers of ours whose worker is gone, that nobody runs any more, or whose time is over. */
import { recordEvents } from "#server/audit/index.ts";
import { withTx } from "#server/core/db/client.ts";
import { LABEL } from "#worker/container-spec.ts";
import { removeContainer } from "#worker/start-container.ts";
import { workerActor, type WorkerContext } from "#worker/worker-context.ts";

export interface ReapView {
  isAlive: (workerId: string) => boolean;
  /** Runs this worker is carrying out now. */
  isActive: (runId: string) => boolean;
  /** Containers this worker made ahead and still answers for, by `LABEL.pool`. */
  isPooled: (entry: string) => boolean;
  now: number;
}

export type OrphanCause = "worker_gone" | "not_running" | "deadline_passed";

/** Another installation's container is none of our business until long after its time. */
const FOREIGN_GRACE_MS = 10 * 60_000;

/** Pure: why a container with these labels has to go; null = it stays. */
export function orphanCause(
  labels: Readonly<Record<string, string>>,
  own: { workerId: string; instanceId: string },
  view: ReapView,
): OrphanCause | null {
  const deadline = Number(labels[LABEL.deadline]);
  if (labels[LABEL.instance] !== own.instanceId) {
    return deadline + FOREIGN_GRACE_MS < view.now ? "deadline_passed" : null;
  }
  const worker = labels[LABEL.worker] ?? "";
  if (worker === own.workerId) {
    const entry = labels[LABEL.pool];
    const needed = entry === undefined ? view.isActive(labels[LABEL.run] ?? "") : view.isPooled(entry);
    return needed ? null : "not_running";
  }
  if (!view.isAlive(worker)) {
    return "worker_gone";
  }
  return deadline < view.now ? "deadline_passed" : null;
}

/** @throws the engine's error when it does not answer. */
export async function reapContainers(context: WorkerContext, view: ReapView): Promise<void> {
  const { docker } = context.engine;
  const found = await docker.listContainers({
    all: true,
    filters: JSON.stringify({ label: [`${LABEL.sandbox}=1`] }),
  });
  for (const { Id: containerId, Labels: labels } of found) {
    const cause = orphanCause(labels, context, view);
    // One that went by itself since it was listed was nobody's orphan.
    if (cause !== null && (await removeContainer(docker, containerId))) {
      const target = labels[LABEL.run] ?? (await runIn(context, containerId));
      context.log.warn({ containerId, cause }, "orphaned container removed");
      await withTx(context.db, (tx) =>
        recordEvents(tx, [
          {
            event: "sandbox.orphan_removed",
            outcome: "ok",
            actor: workerActor(context),
            target,
            reason: cause,
            data: { containerId, worker: labels[LABEL.worker] ?? "" },
          },
        ]),
      );
    }
  }
  await context.disks?.reap(view.isAlive);
}

/** A container made ahead does not know its run; the run's row knows its container. */
async function runIn(context: WorkerContext, containerId: string): Promise<string | undefined> {
  const run = await context.db.run.findFirst({ where: { containerId }, select: { id: true } });
  return run?.id;
}

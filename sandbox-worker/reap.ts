/** Removes what a crash left on the engine: containers of ours whose worker is gone, that nobody runs any more, or whose time is over. */
import { recordEvents } from "#server/audit/index.ts";
import { withTx } from "#server/core/db/client.ts";
import { LABEL } from "#worker/container-spec.ts";
import { removeContainer } from "#worker/run-container.ts";
import { workerActor, type WorkerContext } from "#worker/worker-context.ts";

export interface ReapView {
  isAlive: (workerId: string) => boolean;
  /** Runs this worker is carrying out now. */
  isActive: (runId: string) => boolean;
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
    return view.isActive(labels[LABEL.run] ?? "") ? null : "not_running";
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
    if (cause !== null) {
      await removeContainer(docker, containerId);
      context.log.warn({ containerId, cause }, "orphaned container removed");
      await withTx(context.db, (tx) =>
        recordEvents(tx, [
          {
            event: "sandbox.orphan_removed",
            outcome: "ok",
            actor: workerActor(context),
            target: labels[LABEL.run],
            reason: cause,
            data: { containerId, worker: labels[LABEL.worker] ?? "" },
          },
        ]),
      );
    }
  }
  await context.disks?.reap(view.isAlive);
}

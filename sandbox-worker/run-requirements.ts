/** What has to be there before a container is made; each thing that is missing refuses the run. */
import { AppError } from "#server/core/errors.ts";
import { sandboxPolicy, type SandboxPolicy } from "#server/sandbox/policy.ts";
import { planDisk, type DiskPlan } from "#worker/disk-plan.ts";
import type { WorkspaceDisk } from "#worker/loop-disks.ts";
import { Refusal } from "#worker/run-failure.ts";
import type { WorkerContext } from "#worker/worker-context.ts";

/** The policy of the configuration in force now. @throws Refusal naming every key that forbids runs. */
export function requirePolicy(context: WorkerContext): SandboxPolicy {
  const answer = sandboxPolicy(context.sandboxing());
  if (!answer.ok) {
    const problems = answer.problems.map(({ path, message }) => `${path} ${message}`);
    throw new Refusal("refused", `The configuration does not allow runs: ${problems.join(" ")}`);
  }
  return answer.policy;
}

/** @throws Refusal when the image is missing, not the pinned one, or would leave a limit without effect. */
export async function requireImage(context: WorkerContext, policy: SandboxPolicy): Promise<{ id: string }> {
  const image = await context.engine.findImage(policy.image);
  if (image === null) {
    throw new Refusal(
      "image_missing",
      `The sandbox image ${policy.image} is not there. Build it: node sandbox-worker/images/build.ts (npm start does it too).`,
    );
  }
  if (policy.digest !== null && !image.digests.includes(policy.digest)) {
    throw new Refusal(
      "refused",
      `The image ${policy.image} is ${image.id}, not the one pinned in security.sandboxing.docker.digest. Correct the pin or the image.`,
    );
  }
  if (!policy.readonlyRoot && !image.own) {
    throw new Refusal(
      "limit_unenforceable",
      `The disk limit cannot be held on the writable root of ${policy.image}, which was not built from our recipe. Set security.sandboxing.docker.readonly to true.`,
    );
  }
  return image;
}

/** @throws Refusal when the runtime is missing or the disk limit cannot be held here. */
export function requirePlan(context: WorkerContext, policy: SandboxPolicy): DiskPlan {
  const { reachable, runtimes } = context.engine.facts();
  if (reachable && !runtimes.includes(policy.runtime)) {
    throw new Refusal(
      "limit_unenforceable",
      `The engine has no runtime "${policy.runtime}". Install it and name it in the engine's daemon.json, or change security.sandboxing.docker.runtime.`,
    );
  }
  const answer = planDisk(policy, context.disks !== null);
  if (!answer.ok) {
    throw new Refusal("limit_unenforceable", answer.message);
  }
  return answer.plan;
}

/** @throws Refusal when the host has no room for it. */
export async function requireDisk(
  context: WorkerContext,
  policy: SandboxPolicy,
  plan: DiskPlan,
): Promise<WorkspaceDisk | null> {
  try {
    return (await context.disks?.take({ bytes: plan.workspaceBytes, uid: policy.uid, gid: policy.gid })) ?? null;
  } catch (error) {
    if (error instanceof AppError) {
      throw new Refusal("limit_unenforceable", error.message, { cause: error });
    }
    throw error;
  }
}

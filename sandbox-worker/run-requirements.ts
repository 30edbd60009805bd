/** What has to be there before a container is made; each thing that is missing refuses the run. */
import { createHash } from "node:crypto";
import { AppError } from "#server/core/errors.ts";
import { sandboxPolicy, type SandboxPolicy } from "#server/sandbox/policy.ts";
import { planDisk, type DiskPlan } from "#worker/disk-plan.ts";
import type { EngineContext } from "#worker/engine-context.ts";
import type { WorkspaceDisk } from "#worker/loop-disks.ts";
import { Refusal } from "#worker/run-failure.ts";
import type { HostMount } from "#worker/volumes.ts";

/** Everything a container depends on but its program. */
export interface SandboxProfile {
  policy: SandboxPolicy;
  plan: DiskPlan;
  imageId: string;
  mounts: readonly HostMount[];
  /** The same for equal profiles only. */
  key: string;
}

/**
 * What a container made now has to be. Asked anew for each run, also when its container was made before: a changed configuration, image or
 * pin takes effect at once.
 * @throws Refusal, or the engine's error when it does not answer.
 */
export async function requireProfile(context: EngineContext): Promise<SandboxProfile> {
  const policy = requirePolicy(context);
  const { id: imageId } = await requireImage(context, policy);
  const plan = requirePlan(context, policy);
  const mounts = context.hostMounts(policy.volumes);
  const files = mounts.map(({ source, dev, ino }) => [source, String(dev), String(ino)]);
  const key = createHash("sha256")
    .update(JSON.stringify([policy, plan, imageId, files]))
    .digest("hex");
  return { policy, plan, imageId, mounts, key };
}

/** The policy of the configuration in force now. @throws Refusal naming every key that forbids runs. */
function requirePolicy(context: EngineContext): SandboxPolicy {
  const answer = sandboxPolicy(context.sandboxing());
  if (!answer.ok) {
    const problems = answer.problems.map(({ path, message }) => `${path} ${message}`);
    throw new Refusal("refused", `The configuration does not allow runs: ${problems.join(" ")}`);
  }
  return answer.policy;
}

/** @throws Refusal when the image is missing, not the pinned one, or would leave a limit without effect. */
async function requireImage(context: EngineContext, policy: SandboxPolicy): Promise<{ id: string }> {
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
function requirePlan(context: EngineContext, policy: SandboxPolicy): DiskPlan {
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
  context: EngineContext,
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

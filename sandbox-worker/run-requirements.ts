/** What has to be there before a container is made; each thing that is missing refuses the run. */
import { createHash } from "node:crypto";
import { AppError } from "#server/core/errors.ts";
import { sandboxPolicy, type SandboxPolicy } from "#server/sandbox/policy.ts";
import { grantsOf, sandboxingOf } from "#server/sandbox/profiles.ts";
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
  /** The program gets a socket to the gateway. */
  link: boolean;
  /** The same for equal profiles only. */
  key: string;
}

/** Which container is asked for. */
export interface ProfileWanted {
  /** Name of the profile. */
  profile: string;
  /** Time of one question to an agent, in place of the profile's (milliseconds). */
  timeoutMs?: number | undefined;
  /** The program gets a socket to the gateway, whether or not the profile grants anything. */
  link?: boolean;
}

/**
 * What a container made now has to be. Asked anew for each run, also when its container was made before: a changed configuration, image or
 * pin takes effect at once.
 * @throws Refusal, or the engine's error when it does not answer.
 */
export async function requireProfile(context: EngineContext, wanted: ProfileWanted): Promise<SandboxProfile> {
  const policy = requirePolicy(context, wanted);
  const link = (wanted.link ?? false) || reachesOut(context, wanted.profile);
  if (link) {
    requireLink(context, policy);
  }
  const { id: imageId } = await requireImage(context, policy);
  const plan = requirePlan(context, policy);
  const mounts = context.hostMounts(policy.volumes);
  const files = mounts.map(({ source, dev, ino }) => [source, String(dev), String(ino)]);
  const key = createHash("sha256")
    .update(JSON.stringify([policy, plan, imageId, files, link]))
    .digest("hex");
  return { policy, plan, imageId, mounts, link, key };
}

function reachesOut(context: EngineContext, profile: string): boolean {
  const { models, egress } = grantsOf(context.sandboxing(), profile);
  return models.allowed.length > 0 || egress.domains.length > 0;
}

/** @throws Refusal where a container cannot be given a socket of this machine. */
function requireLink(context: EngineContext, policy: SandboxPolicy): void {
  if (!context.local) {
    throw new Refusal(
      "refused",
      "The run is to reach models or the network, which needs a worker beside its Docker Engine. Start the worker on the engine's machine.",
    );
  }
  if (policy.runtime === "runsc") {
    throw new Refusal(
      "refused",
      'The run is to reach models or the network, which the runtime "runsc" does not allow: its containers cannot connect to a socket of the host. Use a profile with runc.',
    );
  }
}

/** The policy of the configuration in force now. @throws Refusal naming every key that forbids runs. */
function requirePolicy(context: EngineContext, { profile, timeoutMs }: ProfileWanted): SandboxPolicy {
  const sandboxing = sandboxingOf(context.sandboxing(), profile);
  if (sandboxing === null) {
    throw new Refusal(
      "refused",
      `There is no sandbox profile "${profile}" in this worker's configuration. Write it in security.sandboxing.profiles.`,
    );
  }
  const answer = sandboxPolicy(sandboxing);
  if (!answer.ok) {
    const problems = answer.problems.map(({ path, message }) => `${path} ${message}`);
    throw new Refusal("refused", `The configuration does not allow runs: ${problems.join(" ")}`);
  }
  return timeoutMs === undefined ? answer.policy : { ...answer.policy, timeoutMs };
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
      `The engine has no runtime "${policy.runtime}" that holds every limit. Install it and name it in the engine's daemon.json as docs/sandbox.md says, or change security.sandboxing.docker.runtime.`,
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

/** A container with its disk, from nothing to nothing: made, started, and in any case destroyed. Serves one program at most. */
import { containerSpec, type ContainerIdentity } from "#worker/container-spec.ts";
import type { EngineContext } from "#worker/engine-context.ts";
import type { HandsOn } from "#worker/engine-events.ts";
import type { WorkspaceDisk } from "#worker/loop-disks.ts";
import { requireDisk, type SandboxProfile } from "#worker/run-requirements.ts";
import { seccompProfile } from "#worker/seccomp.ts";
import { removeContainer, startContainer, type StartedContainer } from "#worker/start-container.ts";

/** After its time limit a container has this long to be gone before any reaper takes it. */
const DEADLINE_MARGIN_MS = 60_000;

export class SandboxContainer {
  readonly #context: EngineContext;
  readonly #onDestroyed: () => void;
  #id: string | null = null;
  #hands: HandsOn | null = null;
  #disk: WorkspaceDisk | null = null;
  #linkFolder: string | null = null;
  #starting: Promise<StartedContainer> | null = null;
  #started: StartedContainer | null = null;

  /** @param onDestroyed called when nothing more is done about it here, also when the engine did not answer */
  constructor(context: EngineContext, onDestroyed: () => void = () => undefined) {
    this.#context = context;
    this.#onDestroyed = onDestroyed;
  }

  /** The engine's id, as soon as there is one. */
  get id(): string | null {
    return this.#id;
  }

  /** The host's folder for the run's socket; null = it gets none. */
  get linkFolder(): string | null {
    return this.#linkFolder;
  }

  /** What other clients of the engine did with it, as soon as there is a container. */
  get hands(): HandsOn | null {
    return this.#hands;
  }

  /**
   * Waits for its program afterwards.
   * @param waitMs how long it may wait for a program before that program's own time begins
   * @param signal ends the waiting at once, however silent the engine is; what was begun is undone by `destroy`
   * @throws Refusal, the engine's error, or the signal's reason
   */
  async start(
    profile: SandboxProfile,
    identity: ContainerIdentity,
    waitMs: number,
    signal: AbortSignal,
  ): Promise<StartedContainer> {
    signal.throwIfAborted();
    const stopped = Promise.withResolvers<never>();
    const onAbort = (): void => stopped.reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    this.#starting = this.#start(profile, identity, waitMs, signal);
    try {
      return await Promise.race([this.#starting, stopped.promise]);
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  async #start(
    profile: SandboxProfile,
    identity: ContainerIdentity,
    waitMs: number,
    signal: AbortSignal,
  ): Promise<StartedContainer> {
    const context = this.#context;
    const { policy, plan } = profile;
    if (plan.backend === "loop-ext4") {
      this.#disk = await requireDisk(context, policy, plan);
    }
    signal.throwIfAborted();
    this.#linkFolder = profile.link ? context.links.make() : null;
    const body = containerSpec({
      policy,
      plan,
      volume: this.#disk?.volume ?? null,
      mounts: profile.mounts,
      linkFolder: this.#linkFolder,
      imageId: profile.imageId,
      seccomp: seccompProfile(policy.runtime),
      identity,
      workerId: context.workerId,
      instanceId: context.instanceId,
      deadline: Date.now() + waitMs + policy.timeoutMs + DEADLINE_MARGIN_MS,
    });
    this.#started = await startContainer(context.engine.docker, body, signal, (containerId) => {
      this.#id = containerId;
      this.#hands = context.engineEvents.watch(containerId);
    });
    return this.#started;
  }

  /** Removes the container, then its disk. Never throws: what the engine cannot do now the reaper does later. */
  async destroy(): Promise<void> {
    const context = this.#context;
    // A call that is still under way would leave something behind.
    await this.#starting?.catch(() => undefined);
    try {
      this.#started?.stream.destroy();
      if (this.#id !== null) {
        await removeContainer(context.engine.docker, this.#id);
      }
    } catch (error) {
      context.log.warn({ err: error, containerId: this.#id }, "container not removed yet, left to the reaper");
    } finally {
      if (this.#id !== null) {
        context.engineEvents.forget(this.#id);
      }
      // Also when the container is still there: a disk that was let go is destroyed by the reaper, one that is held never is.
      await this.#disk?.release();
      if (this.#linkFolder !== null) {
        context.links.remove(this.#linkFolder);
      }
      this.#onDestroyed();
    }
  }
}

/**
 * Keeps containers started ahead, each waiting for its one program. What it does next is decided in `plan.ts`.
 * Threats: a container that serves two programs (it leaves the pool when it is taken and is destroyed by its taker), one that was made for
 * another configuration or image (its key differs: never handed out, drained), one that died while it waited (its stream closes).
 */
import { totalmem } from "node:os";
import { randomId } from "#server/core/ids.ts";
import { profileNames, sandboxingOf } from "#server/sandbox/profiles.ts";
import type { EngineContext } from "#worker/engine-context.ts";
import { MAX_AGE_MS, planPool, poolMemory, type WantedContainers } from "#worker/pool/plan.ts";
import type { WarmContainer, WarmPool } from "#worker/pool/warm-pool.ts";
import { DetectedRefusal, foreignDetection, Refusal } from "#worker/run-failure.ts";
import { requireProfile, type SandboxProfile } from "#worker/run-requirements.ts";
import { SandboxContainer } from "#worker/sandbox-container.ts";
import { Bell } from "#worker/ticker.ts";

interface Entry extends WarmContainer {
  id: string;
  key: string;
  madeAt: number;
}

interface Wanted extends WantedContainers {
  profile: SandboxProfile;
}

/** What ends the making of a container when the pool closes. */
const CLOSED = new Error("The pool is closed");

/** Starts to fill in the background. */
export function openWarmPool(context: EngineContext): WarmPool {
  const { log, engine } = context;
  const bell = new Bell();
  const closing = new AbortController();
  /** Being made, waiting or taken; what is not here is nobody's and goes. */
  const held = new Set<string>();
  /** Under way to be destroyed; waited for at the end. */
  const leaving = new Set<Promise<void>>();
  let idle: Entry[] = [];
  let coldStarts = 0;
  let lastUseAt = Date.now();
  let lastTakenAt = 0;
  let failures = 0;
  let lastFailureAt = 0;
  let toldPromise = 0;

  function discard(entries: readonly Entry[]): void {
    idle = idle.filter((entry) => !entries.includes(entry));
    for (const { box } of entries) {
      const gone = box.destroy().finally(() => leaving.delete(gone));
      leaving.add(gone);
    }
  }

  async function make(profile: SandboxProfile): Promise<void> {
    const id = randomId("p");
    held.add(id);
    const box = new SandboxContainer(context, () => held.delete(id));
    try {
      const started = await box.start(profile, { poolEntry: id }, MAX_AGE_MS, closing.signal);
      const entry: Entry = { id, key: profile.key, box, started, madeAt: Date.now() };
      idle.push(entry);
      failures = 0;
      const onDeath = (): void => {
        if (idle.includes(entry)) {
          log.warn({ containerId: box.id }, "a waiting container ended, it will be replaced");
          discard([entry]);
        }
      };
      void started.closed.then(onDeath);
      started.exit.then(onDeath, onDeath);
      void box.hands?.first.then((action) => {
        if (idle.includes(entry)) {
          discard([entry]);
          void context.recordDetection(foreignDetection(action), box.id);
        }
      });
    } catch (error) {
      failures += 1;
      lastFailureAt = Date.now();
      if (error !== CLOSED) {
        log.warn({ err: error, failures }, "no container could be started ahead, trying again later");
      }
      await box.destroy();
      if (error instanceof DetectedRefusal) {
        await context.recordDetection(error.detection, box.id);
      }
    }
  }

  /** Profiles that containers are wanted for, the default one first; undefined = cannot be told now. */
  async function profilesNow(): Promise<Map<string, Wanted> | undefined> {
    const sandboxing = context.sandboxing();
    const found = new Map<string, Wanted>();
    for (const name of profileNames(sandboxing)) {
      const size = sandboxingOf(sandboxing, name)?.docker.pool.size ?? 0;
      if (size === 0) {
        continue;
      }
      if (!engine.facts().reachable) {
        return undefined;
      }
      try {
        const profile = await requireProfile(context, { profile: name });
        found.set(profile.key, { profile, key: profile.key, size, memoryBytes: profile.policy.memoryBytes });
      } catch (error) {
        // A profile that cannot be had refuses its runs by itself, and is no reason to keep the others waiting.
        if (!(error instanceof Refusal)) {
          return undefined;
        }
      }
    }
    return found;
  }

  /** While the engine is away what waits is left as it is: what died shows by its stream. */
  function asItStands(): WantedContainers[] {
    return [...new Set(idle.map(({ key }) => key))].map((key) => ({ key, size: idle.length, memoryBytes: 1 }));
  }

  /** Milliseconds until the next look. */
  async function step(): Promise<number> {
    const profiles = await profilesNow();
    const plan = planPool({
      now: Date.now(),
      wanted: profiles === undefined ? asItStands() : [...profiles.values()],
      machineBytes: totalmem(),
      idle,
      coldStarts,
      lastUseAt,
      lastTakenAt,
      failures,
      lastFailureAt,
    });
    discard(idle.filter(({ id }) => plan.drop.includes(id)));
    if (profiles !== undefined) {
      tellCap([...profiles.values()]);
      const next = plan.make === null ? undefined : profiles.get(plan.make);
      if (next !== undefined) {
        await make(next.profile);
        // One after the other, and each time the state is looked at anew.
        return 0;
      }
    }
    return plan.lookInMs;
  }

  /** Says once that the configuration promises more memory than there is for it. */
  function tellCap(wanted: readonly WantedContainers[]): void {
    const promised = wanted.reduce((sum, { size, memoryBytes }) => sum + size * memoryBytes, 0);
    const tooMuch = promised > poolMemory(totalmem());
    if (tooMuch && toldPromise !== promised) {
      log.warn(
        { promised },
        "the sizes of the pools in security.sandboxing promise more than half of this machine's memory and are lowered",
      );
    }
    toldPromise = promised;
  }

  async function keep(): Promise<void> {
    while (!closing.signal.aborted) {
      const waitMs = await step();
      if (waitMs > 0) {
        await bell.sleep(waitMs);
      }
    }
  }

  const keeping = keep();

  return {
    take(key) {
      lastUseAt = Date.now();
      const fit = (entry: Entry): boolean =>
        entry.key === key && entry.started.isAlive() && lastUseAt - entry.madeAt < MAX_AGE_MS;
      const entry = idle.find(fit);
      if (entry === undefined) {
        return null;
      }
      idle = idle.filter((other) => other !== entry);
      lastTakenAt = lastUseAt;
      bell.ring();
      return entry;
    },
    yieldTo() {
      coldStarts += 1;
      return () => {
        coldStarts -= 1;
        bell.ring();
      };
    },
    holds: (entry) => held.has(entry),
    look: () => bell.ring(),
    async close() {
      closing.abort(CLOSED);
      bell.ring();
      await keeping;
      discard(idle);
      await Promise.all(leaving);
    },
  };
}

/**
 * Keeps containers started ahead, each waiting for its one program. What it does next is decided in `plan.ts`.
 * Threats: a container that serves two programs (it leaves the pool when it is taken and is destroyed by its taker), one that was made for
 * another configuration or image (its key differs: never handed out, drained), one that died while it waited (its stream closes).
 */
import { totalmem } from "node:os";
import { randomId } from "#server/core/ids.ts";
import type { EngineContext } from "#worker/engine-context.ts";
import { affordable, MAX_AGE_MS, planPool } from "#worker/pool/plan.ts";
import type { WarmContainer, WarmPool } from "#worker/pool/warm-pool.ts";
import { Refusal } from "#worker/run-failure.ts";
import { requireProfile, type SandboxProfile } from "#worker/run-requirements.ts";
import { SandboxContainer } from "#worker/sandbox-container.ts";
import { Bell } from "#worker/ticker.ts";

interface Entry extends WarmContainer {
  id: string;
  key: string;
  madeAt: number;
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
  let toldTarget: string | null = null;

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
    } catch (error) {
      failures += 1;
      lastFailureAt = Date.now();
      if (error !== CLOSED) {
        log.warn({ err: error, failures }, "no container could be started ahead, trying again later");
      }
      await box.destroy();
    }
  }

  /** What containers have to be made for; null = none are wanted; undefined = cannot be told now. */
  async function profileNow(): Promise<SandboxProfile | null | undefined> {
    if (context.sandboxing().docker.pool.size === 0) {
      return null;
    }
    try {
      return engine.facts().reachable ? await requireProfile(context) : undefined;
    } catch (error) {
      return error instanceof Refusal ? null : undefined;
    }
  }

  /** Milliseconds until the next look. */
  async function step(): Promise<number> {
    const profile = await profileNow();
    const { size } = context.sandboxing().docker.pool;
    const memoryBytes = context.sandboxing().docker.limits.memory;
    // While the engine is away what waits is left as it is: what died shows by its stream.
    const key = profile === undefined ? (idle[0]?.key ?? null) : (profile?.key ?? null);
    const plan = planPool({
      now: Date.now(),
      key,
      size,
      memoryBytes,
      machineBytes: totalmem(),
      idle,
      coldStarts,
      lastUseAt,
      lastTakenAt,
      failures,
      lastFailureAt,
    });
    tellCap(size, memoryBytes);
    discard(idle.filter(({ id }) => plan.drop.includes(id)));
    if (plan.make && profile !== undefined && profile !== null) {
      await make(profile);
      // One after the other, and each time the state is looked at anew.
      return 0;
    }
    return plan.lookInMs;
  }

  function tellCap(size: number, memoryBytes: number): void {
    const possible = affordable(memoryBytes, totalmem());
    const told = `${size} ${possible}`;
    if (size > possible && told !== toldTarget) {
      log.warn(
        { size, possible },
        "security.sandboxing.docker.pool.size promises more than half of this machine's memory and is lowered",
      );
    }
    toldTarget = told;
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

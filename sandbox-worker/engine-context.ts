/** What everything that touches the engine needs of this process. */
import type { Logger } from "#server/core/log.ts";
import type { SandboxingConfig, VolumeMount } from "#server/sandbox/policy.ts";
import type { Engine } from "#worker/engine.ts";
import type { LoopDisks } from "#worker/loop-disks.ts";
import type { HostMount } from "#worker/volumes.ts";

export interface EngineContext {
  workerId: string;
  /** Tells apart the installations that share one engine. */
  instanceId: string;
  log: Logger;
  engine: Engine;
  /** Null where this process cannot make them. */
  disks: LoopDisks | null;
  /** The configuration in force now. The limits come from here, never from the database. */
  sandboxing(): SandboxingConfig;
  /** The host paths that containers may read, judged by the configuration in force now. @throws Refusal */
  hostMounts(volumes: readonly VolumeMount[]): HostMount[];
}

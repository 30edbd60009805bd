/** What everything that touches the engine needs of this process. */
import type { Logger } from "#server/core/log.ts";
import type { VolumeMount } from "#server/sandbox/policy.ts";
import type { ProfilesConfig } from "#server/sandbox/profiles.ts";
import type { Detection } from "#worker/detect.ts";
import type { Engine } from "#worker/engine.ts";
import type { EngineEvents } from "#worker/engine-events.ts";
import type { LinkFolders } from "#worker/link-folders.ts";
import type { LoopDisks } from "#worker/loop-disks.ts";
import type { HostMount } from "#worker/volumes.ts";

export interface EngineContext {
  workerId: string;
  /** Tells apart the installations that share one engine. */
  instanceId: string;
  log: Logger;
  engine: Engine;
  /** The engine runs on this machine. */
  local: boolean;
  /** What other clients of the engine do with this worker's containers. */
  engineEvents: Pick<EngineEvents, "watch" | "forget">;
  /** Puts on record what was seen at a container that no run has. Never throws. */
  recordDetection(detection: Detection, containerId: string | null): Promise<void>;
  /** Null where this process cannot make them. */
  disks: LoopDisks | null;
  /** The configuration in force now. The limits come from here, never from the database. */
  sandboxing(): ProfilesConfig;
  /** Folders for the sockets of containers. */
  links: LinkFolders;
  /** The host paths that containers may read, judged by the configuration in force now. @throws Refusal */
  hostMounts(volumes: readonly VolumeMount[]): HostMount[];
}

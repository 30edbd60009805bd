/** What the use cases of keys are given. */
import type { Actor } from "#server/audit/schema.ts";
import type { EditorContext } from "#server/configuration/index.ts";
import type { Clock } from "#server/core/clock.ts";
import type { Db } from "#server/core/db/client.ts";
import type { InventoryDeps } from "#server/key-rotation/inventory.ts";

export interface KeyServices extends InventoryDeps {
  db: Db;
  clock: Clock;
  /** Writes the configuration file. */
  configuration: EditorContext;
}

/** Told when a rotation was made or undone, so that its grace gets a job. */
export const KEYS_CHANGED = "openclaw_keys";

export const GATEWAY: Actor = { type: "system", id: "key-rotation" };

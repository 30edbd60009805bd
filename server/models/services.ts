/** What calls of models need from the rest of the process, whoever makes them. */
import type { Pool } from "pg";
import type { AuditWriter, Collapser } from "#server/audit/index.ts";
import type { ConfigStore } from "#server/config/index.ts";
import type { Logger } from "#server/core/log.ts";
import type { ModelCore } from "#server/models/core.ts";

export interface ModelServices {
  config: Pick<ConfigStore, "current" | "secret">;
  pool: Pool;
  audit: Pick<AuditWriter, "append">;
  refusals: Collapser;
  log: Logger;
  /** Connections to providers and the list of calls: one of each in a process. */
  models: ModelCore;
}

/** What models for runs need from the rest of the process. */
import type { Pool } from "pg";
import type { Collapser } from "#server/audit/index.ts";
import type { ConfigStore } from "#server/config/index.ts";
import type { Db } from "#server/core/db/client.ts";
import type { Logger } from "#server/core/log.ts";

export interface ModelServices {
  config: Pick<ConfigStore, "current" | "secret">;
  db: Db;
  pool: Pool;
  refusals: Collapser;
  log: Logger;
}

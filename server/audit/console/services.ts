/** What reading the record from the console needs of the running server. */
import type { Pool } from "pg";
import type { AuditWriter } from "#server/audit/writer.ts";
import type { Actor } from "#server/audit/schema.ts";
import type { Clock } from "#server/core/clock.ts";
import type { Logger } from "#server/core/log.ts";
import type { HomePaths } from "#server/core/paths.ts";

export interface RecordServices {
  pool: Pool;
  audit: AuditWriter;
  clock: Clock;
  log: Logger;
  paths: HomePaths;
  /** Key material for what the console hands out and takes back. */
  sessionSecret: string;
}

/** Who is looking. */
export interface Reader {
  sessionId: string;
  actor: Actor;
}

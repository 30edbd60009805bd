/** What the gateway needs from the rest of the process; built once in `server/compose.ts`. */
import type { PgBoss } from "pg-boss";
import type { PolicyStore } from "#server/access/index.ts";
import type { AuditWriter } from "#server/audit/index.ts";
import type { AttemptLimiter } from "#server/auth/index.ts";
import type { ConfigStore } from "#server/config/index.ts";
import type { Clock } from "#server/core/clock.ts";
import type { Db } from "#server/core/db/client.ts";
import type { Logger } from "#server/core/log.ts";
import type { Limiter } from "#server/ratelimit/schema.ts";
import type { RunWatcher } from "#server/sandbox/index.ts";
import type { TokenStore } from "#server/tokens/index.ts";

export interface GatewayServices {
  config: ConfigStore;
  policy: PolicyStore;
  tokens: TokenStore;
  attempts: AttemptLimiter;
  limiter: Limiter;
  audit: AuditWriter;
  runs: RunWatcher;
  db: Db;
  boss: PgBoss;
  clock: Clock;
  log: Logger;
}

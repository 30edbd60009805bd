/** What the gateway needs from the rest of the process; built once in `server/compose.ts`. */
import type { Pool } from "pg";
import type { PgBoss } from "pg-boss";
import type { PolicyStore } from "#server/access/index.ts";
import type { AuditWriter, Collapser } from "#server/audit/index.ts";
import type { AttemptLimiter } from "#server/auth/index.ts";
import type { IdentityStore } from "#server/channels/index.ts";
import type { ConfigStore } from "#server/config/index.ts";
import type { Clock } from "#server/core/clock.ts";
import type { Keyring } from "#server/core/crypto/keyring/index.ts";
import type { Db } from "#server/core/db/client.ts";
import type { WebOrigin } from "#server/core/http/web-origin.ts";
import type { Draining } from "#server/core/draining.ts";
import type { Logger } from "#server/core/log.ts";
import type { HomePaths } from "#server/core/paths.ts";
import type { ConfigToken } from "#server/gateway/config-token.ts";
import type { LockStore } from "#server/incidents/index.ts";
import type { MetricsServices } from "#server/metrics/index.ts";
import type { ModelCore } from "#server/models/index.ts";
import type { Limiter } from "#server/ratelimit/schema.ts";
import type { RunSeal, RunWatcher } from "#server/sandbox/index.ts";
import type { StepUp, UserFactorSeal } from "#server/step-up/index.ts";
import type { Pepper, TokenStore } from "#server/tokens/index.ts";

export interface GatewayServices {
  config: ConfigStore;
  policy: PolicyStore;
  /** Who the senders of messaging platforms are. */
  identities: IdentityStore;
  /** Commands that wait for a code of their sender. */
  stepUp: StepUp;
  /** Encryption of the authenticators of people who write from platforms. */
  userFactorSeal: UserFactorSeal;
  tokens: TokenStore;
  /** Key of the token hashes, for making tokens. */
  pepper: Pepper;
  configToken: ConfigToken;
  attempts: AttemptLimiter;
  /** Whom an incident has shut out. */
  locks: LockStore;
  limiter: Limiter;
  /** Connections to model providers and the list of calls. */
  models: ModelCore;
  audit: AuditWriter;
  metrics: MetricsServices;
  /** Records refusals that may come in floods. */
  refusals: Collapser;
  runs: RunWatcher;
  /** Encryption of what runs hold. */
  runSeal: RunSeal;
  /** The keys that stored values are sealed with. */
  keyring: Keyring;
  db: Db;
  pool: Pool;
  paths: HomePaths;
  boss: PgBoss;
  /** The names and origins under which browsers may reach this server. */
  web: WebOrigin;
  clock: Clock;
  log: Logger;
  /** Begins when the process is told to stop: what would go on for long ends then. */
  draining: Draining;
}

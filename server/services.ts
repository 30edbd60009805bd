/** The running server: what `composeServer` builds and Next's side reaches through the container. */
import type { PgBoss } from "pg-boss";
import type { AuthServices, LiveStreams } from "#server/auth/index.ts";
import type { BackupStatus } from "#server/backups/schema.ts";
import type { ConnectionStore } from "#server/channels/index.ts";
import type { ConfigurationServices } from "#server/configuration/index.ts";
import type { Keyring } from "#server/core/crypto/keyring/index.ts";
import type { NotifyHub } from "#server/core/db/notify.ts";
import type { Env } from "#server/core/env.ts";
import type { WebOrigin } from "#server/core/http/web-origin.ts";
import type { GatewayApp } from "#server/gateway/index.ts";
import type { GatewayServices } from "#server/gateway/services.ts";
import type { OpenLimiter } from "#server/ratelimit/index.ts";
import type { ScanService } from "#server/scan/index.ts";

export interface AppServices extends GatewayServices, AuthServices {
  env: Env;
  /** The keys that stored values are sealed with. */
  keyring: Keyring;
  /** The configuration's editor: older versions, and what the processes were started with. */
  configuration: ConfigurationServices;
  notify: NotifyHub;
  /** Connections to messaging platforms. */
  connections: ConnectionStore;
  /** Streams that console sessions hold open. */
  live: LiveStreams;
  boss: PgBoss;
  limiter: OpenLimiter;
  listen: { host: string; port: number };
  /** The console's origins when the server listens on that port. */
  originAt(port: number): WebOrigin;
  /** What lies in the folder of backups now. */
  backups(): BackupStatus;
  /** Security scans of this home. */
  scans: ScanService;
  system: { version: string; startedAt: Date; home: string };
  /** The gateway's API. */
  gateway: GatewayApp;
  /** False while the process starts and again while it drains. */
  lifecycle: { serving: boolean };
  /** Takes nothing new and ends what would go on for long. */
  drain(): void;
  close(): Promise<void>;
}

/** Builds everything the server process consists of. The only place that knows all of it. */
import { join } from "node:path";
import type { AppServices } from "#server/services.ts";
import { openPolicyStore } from "#server/access/index.ts";
import { createAuditWriter, createCollapser, isListed } from "#server/audit/index.ts";
import type { AuditEventInput, AuditKind } from "#server/audit/schema.ts";
import { openAttemptStore } from "#server/auth/index.ts";
import { openConfigStore, type ConfigEvent } from "#server/config/index.ts";
import { systemClock } from "#server/core/clock.ts";
import { createDb } from "#server/core/db/client.ts";
import { openNotifyHub } from "#server/core/db/notify.ts";
import { createPool } from "#server/core/db/pool.ts";
import { homeDirectory, readEnv } from "#server/core/env.ts";
import { AppError } from "#server/core/errors.ts";
import { gatewayOrigin, type WebOrigin } from "#server/core/http/web-origin.ts";
import { createLogger } from "#server/core/log.ts";
import { homePaths } from "#server/core/paths.ts";
import { readOrCreateSecret } from "#server/core/secret-file.ts";
import { createConfigToken, createGatewayApp } from "#server/gateway/index.ts";
import type { GatewayServices } from "#server/gateway/services.ts";
import { openLimiter } from "#server/ratelimit/index.ts";
import { createRunWatcher, openRunQueue } from "#server/sandbox/index.ts";
import { loadPepper, openTokenStore } from "#server/tokens/index.ts";
import { configuredPolicy } from "#server/policy-inputs.ts";
import { VERSION } from "#server/version.ts";

const NAME = "server";

/** @throws AppError CONFIG_INVALID / STORE_UNAVAILABLE when the process cannot work safely. */
export async function composeServer(): Promise<AppServices> {
  const env = readEnv();
  const clock = systemClock;
  const log = createLogger(NAME);
  const paths = homePaths(homeDirectory(env), env.OPENCLAW_CONFIG);
  const connectionString = env.OPENCLAW_DATABASE_URL;
  if (connectionString === undefined) {
    throw new AppError(
      "CONFIG_INVALID",
      "OPENCLAW_DATABASE_URL is not set. Start the gateway with `npm start` or `openclaw start`, which sets it.",
    );
  }
  const early: ConfigEvent[] = [];
  let onConfigEvent = (event: ConfigEvent): void => void early.push(event);
  const config = openConfigStore({ file: paths.configFile, log, onEvent: (event) => onConfigEvent(event) });

  const onError = (error: Error): void => log.warn({ err: error }, "database connection lost");
  const pool = createPool({ connectionString, name: NAME, max: 12, onError });
  const db = createDb(pool);
  const notify = await openNotifyHub(connectionString, NAME, log);
  const wanted = (kind: AuditKind): boolean => isListed(kind, config.current().config.logging);
  const audit = createAuditWriter({
    pool: createPool({ connectionString, name: `${NAME}:audit`, max: 1, onError }),
    log,
    wanted,
  });
  const policy = await openPolicyStore({ pool, notify, configured: () => configuredPolicy(config.current()), log });
  const pepper = loadPepper(paths);
  const tokens = await openTokenStore({ pool, notify, pepper, clock, log });
  const attempts = await openAttemptStore({ pool, clock, log });
  const boss = await openRunQueue({ connectionString, name: NAME, log });
  const runs = await createRunWatcher(db, notify);
  const limiter = await openLimiter({
    redisUrl: env.REDIS_URL,
    clock,
    log,
    onStoreFailure: () => config.current().config.security.rateLimit.onStoreFailure,
    record: (event) =>
      void audit
        .append([event])
        .catch((error: unknown) => log.error({ err: error }, "an outage of the limits' store could not be recorded")),
  });

  onConfigEvent = (event) => {
    void policy.reload();
    audit
      .append([configAuditEvent(event)])
      .catch((error: unknown) => log.error({ err: error }, "a configuration change could not be recorded"));
  };
  early.forEach((event) => onConfigEvent(event));

  const { gateway } = config.current().config;
  // Address and TLS are those of the start, the accepted origins those in force.
  const originAt = (port: number): WebOrigin =>
    gatewayOrigin({ ...gateway, allowedOrigins: config.current().config.gateway.allowedOrigins }, port);
  const listen = { host: gateway.bind, port: env.OPENCLAW_PORT ?? gateway.port };
  const lifecycle = { serving: false };
  const drain = new AbortController();
  const gatewayServices: GatewayServices = {
    config,
    policy,
    tokens,
    pepper,
    configToken: createConfigToken(config),
    attempts,
    limiter,
    audit,
    refusals: createCollapser(audit),
    runs,
    db,
    paths,
    boss,
    clock,
    log,
    web: originAt(listen.port),
    draining: drain.signal,
  };
  // One object, not a copy: what the process learns later (its port) holds for both.
  return Object.assign(gatewayServices, {
    env,
    pool,
    notify,
    originAt,
    listen,
    sessionSecret: env.NEXTAUTH_SECRET ?? readOrCreateSecret(join(paths.keysDir, "session-secret")).toString("base64"),
    system: { version: VERSION, startedAt: new Date(clock.now()), home: paths.home },
    gateway: createGatewayApp({
      services: gatewayServices,
      health: { pool, isServing: () => lifecycle.serving },
      version: VERSION,
    }),
    lifecycle,
    drain: () => {
      lifecycle.serving = false;
      drain.abort();
    },
    async close() {
      runs.close();
      await limiter.close();
      await boss.stop({ graceful: false });
      await attempts.close();
      await audit.close();
      await tokens.close();
      await notify.close();
      await db.$disconnect();
      await pool.end();
      config.close();
    },
  });
}

function configAuditEvent(event: ConfigEvent): AuditEventInput {
  const common = { actor: { type: "operator", id: "configuration file" }, target: event.file } as const;
  return event.kind === "loaded"
    ? { ...common, event: "config.loaded", outcome: "ok", data: { hash: event.hash, warnings: event.warnings.length } }
    : {
        ...common,
        event: "config.rejected",
        outcome: "denied",
        reason: "invalid",
        data: { hash: event.hash, problems: event.problems.length },
      };
}

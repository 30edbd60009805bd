/** Builds everything the server process consists of. The only place that knows all of it. */
import { join } from "node:path";
import type { AppServices } from "#server/services.ts";
import { openPolicyStore } from "#server/access/index.ts";
import { createAuditWriter, createCollapser, faultEvent, isListed, recordOnly } from "#server/audit/index.ts";
import { startAnchor } from "#server/audit/anchor/anchor.ts";
import type { AuditKind } from "#server/audit/schema.ts";
import {
  createFactorSeal,
  createLiveStreams,
  createPasswords,
  createSessionSeal,
  openAttemptStore,
} from "#server/auth/index.ts";
import { backupStatus } from "#server/backups/list.ts";
import { openConnections, openIdentityStore } from "#server/channels/index.ts";
import {
  configuredAllowance,
  followLogSettings,
  loadConfig,
  openConfigStore,
  resolveLocation,
  secretOpener,
  type ConfigEvent,
} from "#server/config/index.ts";
import { configurationServices } from "#server/configuration/index.ts";
import { systemClock } from "#server/core/clock.ts";
import { openKeyring } from "#server/core/crypto/keyring/index.ts";
import { createDb } from "#server/core/db/client.ts";
import { openNotifyHub } from "#server/core/db/notify.ts";
import { createPool } from "#server/core/db/pool.ts";
import { Draining } from "#server/core/draining.ts";
import { homeDirectory, readEnv } from "#server/core/env.ts";
import { AppError } from "#server/core/errors.ts";
import { gatewayOrigin, type WebOrigin } from "#server/core/http/web-origin.ts";
import { onLastResort } from "#server/core/last-resort.ts";
import { randomId } from "#server/core/ids.ts";
import { createLogger } from "#server/core/log.ts";
import { homePaths } from "#server/core/paths.ts";
import { readOrCreateSecret } from "#server/core/secret-file.ts";
import { createConfigToken, createGatewayApp } from "#server/gateway/index.ts";
import type { GatewayServices } from "#server/gateway/services.ts";
import { adoptStopFile, noteExpired, openLockStore, stopFileLock, sweepLocked } from "#server/incidents/index.ts";
import { configuredCollector } from "#server/metrics/telemetry/configured.ts";
import { openMetrics } from "#server/metrics/services.ts";
import { openModelCore } from "#server/models/index.ts";
import { openLimiter } from "#server/ratelimit/index.ts";
import { createRunSeal, createRunWatcher, openRunQueue } from "#server/sandbox/index.ts";
import { createScanService } from "#server/scan/index.ts";
import { createStepUp, createUserFactorSeal } from "#server/step-up/index.ts";
import { loadPepper, openTokenStore } from "#server/tokens/index.ts";
import { bucketRetention } from "#server/metrics/policy.ts";
import { configRecorder } from "#server/config-record.ts";
import { configuredPolicy } from "#server/policy-inputs.ts";
import { VERSION } from "#server/version.ts";

const NAME = "server";

/** @throws AppError CONFIG_INVALID / STORE_UNAVAILABLE / NOT_CONFIGURED when the process cannot work safely. */
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
  // The keyring takes its time, on other threads: the database is connected meanwhile. Its keys open what is encrypted in the configuration.
  const { iterations } = loadConfig(paths.configFile).config.security.encryption.database;
  const [keyring, notify] = await Promise.all([
    openKeyring(paths, env, { iterations }),
    openNotifyHub(connectionString, NAME, log),
  ]);
  const early: ConfigEvent[] = [];
  let onConfigEvent = (event: ConfigEvent): void => void early.push(event);
  const config = openConfigStore({
    file: paths.configFile,
    log,
    open: secretOpener(keyring),
    onEvent: (event) => onConfigEvent(event),
  });
  followLogSettings(log, config);

  const encryption = () => config.current().config.security.encryption;
  const onError = (error: Error): void => log.warn({ err: error }, "database connection lost");
  const pool = createPool({ connectionString, name: NAME, max: 12, onError });
  const db = createDb(pool);
  const wanted = (kind: AuditKind): boolean => isListed(kind, config.current().config.logging);
  recordOnly(wanted);
  const audit = createAuditWriter({
    pool: createPool({ connectionString, name: `${NAME}:audit`, max: 1, onError }),
    log,
    wanted,
  });
  onLastResort(log, (kind, error) => audit.append([faultEvent(kind, error, { type: "system", id: NAME }, NAME)]));
  const anchor = startAnchor({
    pool,
    url: () => {
      const written = config.current().config.logging.audit.anchor?.url;
      return written === undefined ? undefined : config.secret("logging.audit.anchor.url", written);
    },
    allowsPrivate: configuredAllowance(() => config.current().config),
    record: (event) => audit.append([event]),
    log,
  });
  const policy = await openPolicyStore({ pool, notify, configured: () => configuredPolicy(config.current()), log });
  const identities = await openIdentityStore({ pool, notify, log });
  const instance = randomId("srv");
  const locks = await openLockStore({
    pool,
    notify,
    clock,
    log,
    instance,
    onLock: (lock) => sweepLocked({ db, clock, policy }, lock),
    onExpired: () => noteExpired({ db }),
    stopFile: () => stopFileLock(paths),
    onStopFile: () => adoptStopFile({ db, clock, paths }),
  });
  const pepper = loadPepper(paths);
  const tokens = await openTokenStore({ pool, notify, pepper, clock, log });
  const attempts = await openAttemptStore({ pool, clock, log });
  const userFactorSeal = createUserFactorSeal(keyring);
  const stepUp = createStepUp({ db, clock, keyring, factorSeal: userFactorSeal, attempts });
  const boss = await openRunQueue({ connectionString, name: NAME, log });
  const runSeal = createRunSeal({
    keyring,
    encryption,
    actor: { type: "system", id: NAME },
    record: (event) =>
      void audit
        .append([event])
        .catch((error: unknown) => log.error({ err: error }, "a value that cannot be read could not be recorded")),
  });
  const runs = await createRunWatcher({ db, runSeal }, notify);
  const metrics = openMetrics({
    pool,
    clock,
    log,
    version: VERSION,
    retention: () => bucketRetention(config.current().config),
    collector: () => configuredCollector(config),
    allowsPrivate: configuredAllowance(() => config.current().config),
  });
  const leasing = createPool({ connectionString, name: `${NAME}:budgets`, max: 4, relaxed: true, onError });
  const models = openModelCore({ config, pool, leasing, log });
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

  const configuration = configurationServices({ paths, keyring, clock, log, atStart: config.current().config });
  const recordOf = configRecorder(config);
  onConfigEvent = (event) => {
    void policy.reload();
    if (event.kind === "loaded") {
      configuration.keep(event.hash);
    }
    audit
      .append([recordOf(event)])
      .catch((error: unknown) => log.error({ err: error }, "a configuration change could not be recorded"));
  };
  early.forEach((event) => onConfigEvent(event));

  const { gateway } = config.current().config;
  // Address and TLS are those of the start, the accepted origins those in force.
  const originAt = (port: number): WebOrigin =>
    gatewayOrigin({ ...gateway, allowedOrigins: config.current().config.gateway.allowedOrigins }, port);
  const connections = await openConnections({ config, db, keyring, notify, audit, log });
  const scans = createScanService({ db, pool, clock, paths, env, config, keyring, log });
  const listen = { host: gateway.bind, port: env.OPENCLAW_PORT ?? gateway.port };
  const lifecycle = { serving: false };
  const draining = new Draining();
  const live = createLiveStreams({ locks }, draining.signal);
  await notify.listen("openclaw_policy", () => live.look());
  const gatewayServices: GatewayServices = {
    config,
    policy,
    identities,
    stepUp,
    userFactorSeal,
    tokens,
    pepper,
    configToken: createConfigToken(config),
    attempts,
    locks,
    limiter,
    models,
    metrics,
    audit,
    refusals: createCollapser(audit),
    runs,
    runSeal,
    keyring,
    db,
    pool,
    paths,
    boss,
    clock,
    log,
    web: originAt(listen.port),
    draining,
  };
  // One object, not a copy: what the process learns later (its port) holds for both.
  return Object.assign(gatewayServices, {
    env,
    configuration,
    notify,
    connections,
    live,
    limiter,
    scans,
    originAt,
    listen,
    sessionSecret: env.NEXTAUTH_SECRET ?? readOrCreateSecret(join(paths.keysDir, "session-secret")).toString("base64"),
    sessionSeal: createSessionSeal(keyring, () => encryption().database.enabled),
    factorSeal: createFactorSeal(keyring),
    passwords: createPasswords(),
    mfaRoles: () => config.current().config.security.authentication.mfa.requiredRoles,
    backups() {
      const { backupPath } = config.current().config.security.storage;
      return backupStatus(resolveLocation("security.storage.backupPath", backupPath, paths));
    },
    system: { version: VERSION, startedAt: new Date(clock.now()), home: paths.home },
    gateway: createGatewayApp({
      services: gatewayServices,
      health: { pool, isServing: () => lifecycle.serving },
      version: VERSION,
    }),
    lifecycle,
    drain: () => {
      lifecycle.serving = false;
      draining.begin();
    },
    async close() {
      locks.close();
      runs.close();
      await scans.close();
      await connections.close();
      await anchor.close();
      await models.close();
      await metrics.close();
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

/** Builds everything the server process consists of. The only place that knows all of it. */
import { join } from "node:path";
import type { AppServices } from "#server/services.ts";
import { openPolicyStore } from "#server/access/index.ts";
import { createAuditWriter, isListed } from "#server/audit/index.ts";
import type { AuditEventInput } from "#server/audit/schema.ts";
import { createAttemptLimiter } from "#server/auth/index.ts";
import { openConfigStore, safetyFindings, type ConfigEvent, type ConfigStore } from "#server/config/index.ts";
import { systemClock } from "#server/core/clock.ts";
import { createDb } from "#server/core/db/client.ts";
import { openNotifyHub } from "#server/core/db/notify.ts";
import { createPool } from "#server/core/db/pool.ts";
import { homeDirectory, readEnv } from "#server/core/env.ts";
import { AppError } from "#server/core/errors.ts";
import { webOrigin } from "#server/core/http/web-origin.ts";
import { createLogger } from "#server/core/log.ts";
import { homePaths } from "#server/core/paths.ts";
import { readOrCreateSecret } from "#server/core/secret-file.ts";
import { createMemoryLimiter } from "#server/ratelimit/index.ts";
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
    throw new AppError("CONFIG_INVALID", "OPENCLAW_DATABASE_URL is not set. Start the gateway with `npm start` or `openclaw start`, which sets it.");
  }
  const configEvents: ConfigEvent[] = [];
  let onConfigEvent = (event: ConfigEvent): void => void configEvents.push(event);
  const config = await openConfigStore({ file: paths.configFile, log, onEvent: (event) => onConfigEvent(event) });
  refuseUnsafe(config);

  const onError = (error: Error): void => log.warn({ err: error }, "database connection lost");
  const pool = createPool({ connectionString, name: NAME, max: 12, onError });
  const db = createDb(pool);
  const notify = await openNotifyHub(connectionString, NAME, log);
  const wanted = (kind: Parameters<typeof isListed>[0]): boolean => isListed(kind, config.current().config.logging);
  const audit = createAuditWriter({ pool: createPool({ connectionString, name: `${NAME}:audit`, max: 1, onError }), log, wanted });
  const policy = await openPolicyStore({ pool, notify, configured: () => configuredPolicy(config.current()), log });
  const tokens = await openTokenStore({ pool, notify, pepper: loadPepper(paths), clock, log });
  const boss = await openRunQueue({ connectionString, name: NAME, log });
  const runs = await createRunWatcher(db, notify);

  onConfigEvent = (event) => {
    void policy.reload();
    audit.append([configAuditEvent(event)]).catch((error: unknown) => log.error({ err: error }, "a configuration change could not be recorded"));
  };
  for (const event of configEvents) {
    onConfigEvent(event);
  }

  const { gateway } = config.current().config;
  const port = env.OPENCLAW_PORT ?? gateway.port;
  const web = webOrigin({ bind: gateway.bind, port, tls: gateway.tls.enabled, allowedOrigins: gateway.allowedOrigins });
  return {
    env,
    paths,
    clock,
    log,
    pool,
    db,
    notify,
    config,
    audit,
    policy,
    tokens,
    boss,
    runs,
    limiter: createMemoryLimiter(clock),
    attempts: createAttemptLimiter({ clock }),
    signInAttempts: createAttemptLimiter({ clock }),
    web,
    listen: { host: gateway.bind, port },
    sessionSecret: env.NEXTAUTH_SECRET ?? readOrCreateSecret(join(paths.keysDir, "session-secret")).toString("base64"),
    system: { version: VERSION, startedAt: new Date(clock.now()), home: paths.home },
    async close() {
      runs.close();
      await boss.stop({ graceful: false });
      await audit.close();
      await tokens.close();
      await notify.close();
      await db.$disconnect();
      await pool.end();
      await config.close();
    },
  };
}

/** An unsafe configuration does not start; all of its dangers are named at once. */
function refuseUnsafe(config: ConfigStore): void {
  const errors = safetyFindings(config.current().config).filter((finding) => finding.severity === "error");
  if (errors.length > 0) {
    const list = errors.map(({ path, reason, fix }) => `- ${path}: ${reason} ${fix}`);
    throw new AppError("CONFIG_INVALID", `The configuration in ${config.status().file} is not safe to start with:\n${list.join("\n")}`);
  }
}

function configAuditEvent(event: ConfigEvent): AuditEventInput {
  const actor = { type: "operator", id: "configuration file" } as const;
  return event.kind === "loaded"
    ? { event: "config.loaded", outcome: "ok", actor, target: event.file, data: { hash: event.hash } }
    : { event: "config.rejected", outcome: "denied", actor, target: event.file, reason: "invalid", data: { problems: event.problems.length } };
}

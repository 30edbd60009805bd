/**
 * The sandbox worker: the only process that talks to the Docker Engine. It listens on no port; work, cancellation and answers go through
 * PostgreSQL. Started by the supervisor, ends with it.
 */
import { createHash } from "node:crypto";
import { homedir, hostname } from "node:os";
import { join } from "node:path";
import type { Pool } from "pg";
import { faultEvent, isListed, recordEvents, recordOnly } from "#server/audit/index.ts";
import { followLogSettings, lookupNothing, openConfigStore } from "#server/config/index.ts";
import { openKeyring } from "#server/core/crypto/keyring/index.ts";
import { createDb, withTx } from "#server/core/db/client.ts";
import { openNotifyHub } from "#server/core/db/notify.ts";
import { createPool } from "#server/core/db/pool.ts";
import { homeDirectory, readEnv } from "#server/core/env.ts";
import { AppError } from "#server/core/errors.ts";
import { newWorkerId } from "#server/core/ids.ts";
import { onLastResort } from "#server/core/last-resort.ts";
import { createLogger } from "#server/core/log.ts";
import { modelSocketPath } from "#server/models/index.ts";
import { homePaths } from "#server/core/paths.ts";
import { fileRules } from "#server/files/policy.ts";
import { createRunSeal, openRunQueue } from "#server/sandbox/index.ts";
import type { VolumeMount } from "#server/sandbox/policy.ts";
import packageFile from "../package.json" with { type: "json" };
import { connectEngine } from "#worker/connect-engine.ts";
import { EscapeMonitor } from "#worker/detect.ts";
import { createEngine } from "#worker/engine.ts";
import { EngineEvents } from "#worker/engine-events.ts";
import { KernelLog } from "#worker/kernel-log.ts";
import { openLinkFolders } from "#worker/link-folders.ts";
import { canMakeLoopDisks, createLoopDisks } from "#worker/loop-disks.ts";
import { openWarmPool } from "#worker/pool/keeper.ts";
import { detectionRecorder } from "#worker/run-record.ts";
import { resolveVolumes } from "#worker/volumes.ts";
import { concurrencyFor, largestMemory, startWorker } from "#worker/worker.ts";

const log = createLogger("sandbox-worker");
const LEAVE_LIMIT_MS = 20_000;

async function main(): Promise<void> {
  const env = readEnv();
  const connectionString = env.OPENCLAW_DATABASE_URL;
  if (connectionString === undefined) {
    throw new AppError(
      "NOT_CONFIGURED",
      "OPENCLAW_DATABASE_URL is not set. Start the worker with `openclaw start --only worker`.",
    );
  }
  const paths = homePaths(homeDirectory(env), env.OPENCLAW_CONFIG);
  const config = openConfigStore({ file: paths.configFile, log, lookup: lookupNothing });
  followLogSettings(log, config);
  recordOnly((kind) => isListed(kind, config.current().config.logging));
  const sandboxing = () => config.current().config.security.sandboxing;
  const connection = connectEngine(env.DOCKER_HOST);
  const workerId = newWorkerId();

  const pool = createPool({
    connectionString,
    name: "sandbox-worker",
    max: 6,
    onError: (err) => log.warn({ err }, "database connection lost"),
  });
  const db = createDb(pool);
  onLastResort(log, (kind, error) =>
    withTx(db, (tx) => recordEvents(tx, [faultEvent(kind, error, { type: "worker", id: workerId }, "sandbox-worker")])),
  );
  const encryption = () => config.current().config.security.encryption;
  const [keyring, instanceId] = await Promise.all([
    openKeyring(paths, env, { iterations: encryption().database.iterations }),
    instanceOf(pool),
  ]);
  const runSeal = createRunSeal({
    keyring,
    encryption,
    actor: { type: "worker", id: workerId },
    record: (event) =>
      void withTx(db, (tx) => recordEvents(tx, [event])).catch((error: unknown) =>
        log.error({ err: error, event }, "a value that cannot be read could not be recorded"),
      ),
  });
  const hub = await openNotifyHub(connectionString, "sandbox-worker", log);
  const boss = await openRunQueue({ connectionString, name: "sandbox-worker", log });
  const loopDisks = await canMakeLoopDisks(connection.local);
  const disks = loopDisks
    ? createLoopDisks({
        docker: connection.docker,
        folder: join(paths.cacheDir, "disks"),
        workerId,
        instanceId,
        spare: concurrencyFor(largestMemory(sandboxing())),
        log,
      })
    : null;
  const engine = createEngine(connection, loopDisks, log);
  const bases = { userHome: homedir(), openclawHome: paths.home };
  const hostMounts = (volumes: readonly VolumeMount[]) => {
    const rules = fileRules(config.current().config.security.fileSystem, bases);
    return resolveVolumes(volumes, { rules, bases, local: connection.local });
  };
  const engineEvents = new EngineEvents({ docker: connection.docker, log, workerId });
  const recordDetection = detectionRecorder({ db, log, workerId });
  const engineSide = {
    workerId,
    instanceId,
    log,
    engine,
    local: connection.local,
    engineEvents,
    recordDetection,
    disks,
    links: openLinkFolders(join(paths.runDir, "links")),
    sandboxing,
    hostMounts,
  };
  const warm = openWarmPool(engineSide);
  const escapes = new EscapeMonitor(connection.local ? KernelLog.open() : null);
  const worker = await startWorker(
    {
      ...engineSide,
      host: hostname(),
      config: () => config.current().config,
      modelSocket: modelSocketPath(paths),
      quarantine: paths,
      db,
      pool,
      boss,
      runSeal,
      warm,
      escapes,
    },
    hub,
    packageFile.version,
  );
  log.info({ workerId, endpoint: connection.endpoint, reachable: engine.facts().reachable }, "sandbox worker ready");
  process.send?.({ type: "ready" });

  let leaving = false;
  const leave = async (): Promise<void> => {
    if (leaving) {
      return;
    }
    leaving = true;
    // An engine or a database that does not answer must not keep this process: recovery finds what it leaves.
    setTimeout(() => process.exit(1), LEAVE_LIMIT_MS).unref();
    await worker.stop();
    await engineEvents.close();
    config.close();
    await boss.stop({ graceful: false });
    await hub.close();
    await db.$disconnect();
    await pool.end();
    process.exit(0);
  };
  process.on("SIGTERM", () => void leave());
  process.on("SIGINT", () => void leave());
  // The supervisor is gone: another one may start at any time, and what runs here must not outlive it.
  process.on("disconnect", () => void leave());
}

/** The same for every worker on this database, and different for any other database. */
async function instanceOf(pool: Pool): Promise<string> {
  const { rows } = await pool.query<{ cluster: string; database: string }>(
    "SELECT system_identifier::text AS cluster, current_database() AS database FROM pg_control_system()",
  );
  return createHash("sha256").update(JSON.stringify(rows)).digest("hex").slice(0, 16);
}

try {
  await main();
} catch (error) {
  log.fatal({ err: error }, "sandbox worker could not start");
  process.exitCode = 1;
  // Open connections would keep a worker alive that does nothing.
  process.exit();
}

/** Process of the audit sealer, started by the supervisor; the only one that holds the chain's key and signs checkpoints. */
import { checkpointFile } from "#server/audit/proof/checkpoint-file.ts";
import { openRecordFiles } from "#server/audit/files/record-files.ts";
import { recordFile, securityLogFile } from "#server/audit/record-file.ts";
import { startSealer } from "#server/audit/sealer.ts";
import { followLogSettings, lookupNothing, openConfigStore } from "#server/config/index.ts";
import { openKeyring, type Keyring } from "#server/core/crypto/keyring/index.ts";
import { homeDirectory, readEnv } from "#server/core/env.ts";
import { AppError, messageOf } from "#server/core/errors.ts";
import { onLastResort } from "#server/core/last-resort.ts";
import { createLogger } from "#server/core/log.ts";
import { ensureHome, homePaths } from "#server/core/paths.ts";

const env = readEnv();
const log = createLogger("sealer");
const paths = homePaths(homeDirectory(env), env.OPENCLAW_CONFIG);

function connection(): string {
  if (env.OPENCLAW_DATABASE_URL === undefined) {
    throw new AppError(
      "NOT_CONFIGURED",
      "OPENCLAW_DATABASE_URL is not set: the audit sealer is started by openclaw start.",
    );
  }
  return env.OPENCLAW_DATABASE_URL;
}

async function main(): Promise<void> {
  ensureHome(paths);
  // The supervisor records the end of this process.
  onLastResort(log, () => Promise.resolve());
  const connectionString = connection();
  const file = recordFile(paths);
  const config = openConfigStore({ file: paths.configFile, log, lookup: lookupNothing });
  followLogSettings(log, config);
  const securityFile = securityLogFile(paths);
  let opened: Promise<Keyring> | undefined;
  // Unwrapping takes a good part of a second: only where something is encrypted, and once.
  const keyring = (): Promise<Keyring> =>
    (opened ??= openKeyring(paths, env, config.current().config.security.encryption.database));
  const sealer = startSealer({
    connectionString,
    keysDir: paths.keysDir,
    openFiles: () =>
      openRecordFiles({
        recordFile: file,
        securityFile,
        keyring,
        config: () => config.current().config,
        log,
      }),
    checkpointFile: checkpointFile(file),
    retentionMs: () => config.current().config.logging.audit.retention,
    log,
    onReady: () => process.send?.({ type: "ready" }),
  });
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => void sealer.close());
  }
  // The supervisor is gone: without it nobody would restart or stop this process.
  process.on("disconnect", () => void sealer.close());
  await sealer.finished;
  config.close();
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    log.fatal(error instanceof AppError ? messageOf(error) : { err: error }, "audit sealer stopped");
    process.exit(1);
  },
);

/** Process of the audit sealer, started by the supervisor; the only one that holds the chain's key. */
import { recordFile } from "#server/audit/record-file.ts";
import { startSealer } from "#server/audit/sealer.ts";
import { homeDirectory, readEnv } from "#server/core/env.ts";
import { AppError, messageOf } from "#server/core/errors.ts";
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
  const sealer = startSealer({
    connectionString: connection(),
    keysDir: paths.keysDir,
    mirrorFile: recordFile(paths),
    log,
    onReady: () => process.send?.({ type: "ready" }),
  });
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => void sealer.close());
  }
  // The supervisor is gone: without it nobody would restart or stop this process.
  process.on("disconnect", () => void sealer.close());
  await sealer.finished;
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    log.fatal(error instanceof AppError ? messageOf(error) : { err: error }, "audit sealer stopped");
    process.exit(1);
  },
);

/** A sealer for tests, with the record's file in plain lines unless a test asks otherwise. */
import { openTestKeyring } from "./keyring.ts";
import { checkpointFile } from "#server/audit/proof/checkpoint-file.ts";
import { openMirror, type MirrorSettings } from "#server/audit/mirror.ts";
import { startSealer, type Sealer } from "#server/audit/sealer.ts";
import { createLogger } from "#server/core/log.ts";

export interface TestSealerOptions {
  connectionString: string;
  keysDir: string;
  mirrorFile: string;
  settings?: Partial<MirrorSettings>;
  retentionMs?: () => number;
  upkeepEveryMs?: number;
}

const DAY_MS = 24 * 60 * 60 * 1000;
export const YEAR_MS = 365 * DAY_MS;

/** Resolves when it is ready; rejects when it refuses to start. */
export async function openTestSealer(options: TestSealerOptions): Promise<Sealer> {
  const { connectionString, keysDir, mirrorFile, retentionMs = () => YEAR_MS, upkeepEveryMs } = options;
  const log = createLogger("test", "silent");
  const settings: MirrorSettings = {
    encryption: false,
    compression: false,
    maxFileBytes: 1024 ** 3,
    mode: 0o640,
    retentionMs: YEAR_MS,
    ...options.settings,
  };
  const ready = Promise.withResolvers<void>();
  const sealer = startSealer({
    connectionString,
    keysDir,
    openFiles: () => openMirror(mirrorFile, { keyring: () => openTestKeyring(keysDir), settings: () => settings, log }),
    checkpointFile: checkpointFile(mirrorFile),
    retentionMs,
    ...(upkeepEveryMs === undefined ? {} : { upkeepEveryMs }),
    log,
    onReady: ready.resolve,
  });
  await Promise.race([ready.promise, sealer.finished]);
  return sealer;
}

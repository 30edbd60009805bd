/**
 * The sealer: gives events their place in the chain in the order in which it sees their batches committed, copies them to the files, signs
 * checkpoints, and removes what is older than the retention. One at a time per database, by an advisory lock that ends with the connection.
 * It runs in its own process, because the web process must be able neither to read the chain's key nor to write the record itself.
 */
import type { PoolClient } from "pg";
import { openCheckpointFile, type CheckpointFile } from "#server/audit/proof/checkpoint-file.ts";
import { CHECKPOINT_WANTED, createCheckpointer, levelCheckpointFile } from "#server/audit/proof/checkpoint-step.ts";
import type { Mirror } from "#server/audit/mirror.ts";
import { recoverChain } from "#server/audit/recover.ts";
import { isDue, keepUp, type UpkeepSchedule } from "#server/audit/proof/removal-upkeep.ts";
import { sealWaiting } from "#server/audit/seal-waiting.ts";
import { createSignal } from "#server/core/signal.ts";
import { createPool } from "#server/core/db/pool.ts";
import { AppError } from "#server/core/errors.ts";
import type { Logger } from "#server/core/log.ts";
import { createEventMeter } from "#server/metrics/index.ts";

interface SealerOptions {
  /** Connection as `openclaw_sealer`. */
  connectionString: string;
  keysDir: string;
  /** Opens the files that rows are copied to; called for each connection to the database. */
  openFiles: () => Promise<Mirror>;
  /** File that checkpoints are copied to. */
  checkpointFile: string;
  /** Age at which rows are removed, in milliseconds, as it is at the moment. */
  retentionMs: () => number;
  /** Time between two looks for rows and files to remove; default an hour. */
  upkeepEveryMs?: number;
  log: Logger;
  /** Called once: the chain is level, or another sealer holds the lock and this one stands by. */
  onReady?: () => void;
}

interface Opened {
  /** The connection that holds the lock and stores. */
  client: PoolClient;
  reader: PoolClient;
  mirror: Mirror;
  file: CheckpointFile;
}

export interface Sealer {
  /** Resolves after `close`, rejects with an AppError when the record cannot be continued. */
  readonly finished: Promise<void>;
  /** Ends; when this sealer holds the lock, it first seals what is there. */
  close(): Promise<void>;
}

const LOCK_KEY = 7_263_541_002;
/**
 * Pause (milliseconds) behind all that waited, whatever has come since: on a busy gateway something always has, and a step for each handful
 * costs as much as one for a thousand. The intake announces nothing.
 */
const POLL_MS = 125;
const STANDBY_MS = 500;
const RECONNECT_MS = 500;
const UPKEEP_EVERY_MS = 60 * 60 * 1000;

export function startSealer(options: SealerOptions): Sealer {
  const { log } = options;
  const pool = createPool({ connectionString: options.connectionString, name: "openclaw-sealer", max: 2 });
  const stop = createSignal();
  let stopping = false;
  const upkeep: UpkeepSchedule = { everyMs: options.upkeepEveryMs ?? UPKEEP_EVERY_MS, dueAt: 0, alarmed: false };
  let announce = options.onReady;
  /** Said once per outage. */
  let interrupted = false;

  function ready(): void {
    announce?.();
    announce = undefined;
  }

  async function waitForLock(client: PoolClient): Promise<boolean> {
    while (!stopping) {
      const { rows } = await client.query<{ held: boolean }>("SELECT pg_try_advisory_lock($1) AS held", [LOCK_KEY]);
      if (rows[0]?.held === true) {
        return true;
      }
      ready();
      await stop.wait(STANDBY_MS);
    }
    return false;
  }

  /** Works on one connection until it fails or the sealer is closed. */
  async function session(client: PoolClient): Promise<void> {
    // Without a listener a lost connection would end the process; the next query finds it.
    client.on("error", () => undefined);
    if (!(await waitForLock(client))) {
      return;
    }
    try {
      await withReader(client);
    } finally {
      // The lock goes with the connection too, but only when the server has noticed its end: whoever is next could find it taken.
      const unlock = { text: "SELECT pg_advisory_unlock($1)", values: [LOCK_KEY], query_timeout: 2_000 };
      await client.query(unlock).catch(() => undefined);
    }
  }

  async function withReader(client: PoolClient): Promise<void> {
    const reader = await pool.connect();
    reader.on("error", () => undefined);
    try {
      // All rows are found along an index. Without statistics the planner would sort or scan the whole backlog for each step instead.
      const settings = "SET enable_sort = off; SET enable_seqscan = off";
      await Promise.all([client.query(settings), reader.query(settings)]);
      await withFiles(client, reader);
    } finally {
      reader.release(true);
    }
  }

  async function withFiles(client: PoolClient, reader: PoolClient): Promise<void> {
    const mirror = await options.openFiles();
    try {
      const file = await openCheckpointFile(options.checkpointFile);
      try {
        await work({ client, reader, mirror, file });
      } finally {
        await file.close();
      }
    } finally {
      await mirror.close();
    }
  }

  async function work({ client, reader, mirror, file }: Opened): Promise<void> {
    const recovered = await recoverChain(client, options.keysDir, mirror, log);
    const { signer } = recovered;
    const bench = { client, keysDir: options.keysDir, mirror, meter: createEventMeter() };
    const checkpointer = createCheckpointer({ db: client, signer, file }, recovered.covered);
    client.on("notification", () => checkpointer.ask());
    await client.query(`LISTEN ${CHECKPOINT_WANTED}`);
    await levelCheckpointFile(client, file);
    await checkpointer.catchUp(recovered.unsigned);
    ready();
    interrupted = false;
    const tools = { bench, signer, checkpointer, retentionMs: options.retentionMs, log };
    for (let { state } = recovered; ;) {
      const ending = stopping;
      state = await sealWaiting(state, {
        bench,
        reader,
        onSealed: ({ range }) => checkpointer.step(range),
        goesOn: ({ isAll }) => stopping || !(isAll || isDue(upkeep)),
      });
      if (ending) {
        await checkpointer.step(state.range, true);
        return;
      }
      await checkpointer.step(state.range);
      state = await keepUp(tools, upkeep, state);
      if (!stopping) {
        await stop.wait(upkeep.dueAt === 0 ? 0 : POLL_MS);
      }
    }
  }

  async function run(): Promise<void> {
    while (!stopping) {
      let client: PoolClient | undefined;
      try {
        client = await pool.connect();
        await session(client);
      } catch (error) {
        if (error instanceof AppError) {
          throw error;
        }
        if (!interrupted) {
          interrupted = true;
          log.warn({ err: error }, "audit: sealing is interrupted and tried again until it succeeds");
        }
        await stop.wait(RECONNECT_MS);
      } finally {
        client?.release(true);
      }
    }
  }

  const finished = run().finally(() => pool.end());
  return {
    finished,
    async close() {
      stopping = true;
      stop.raise();
      await finished;
    },
  };
}

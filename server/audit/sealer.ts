/**
 * The sealer: gives events their place in the chain in the order in which it sees their batches committed, and copies them to the mirror
 * file. One at a time per database, by an advisory lock that ends with the connection. It runs in its own process, because the web process
 * must be able neither to read the chain's key nor to write the record itself.
 */
import type { PoolClient } from "pg";
import { openMirror } from "#server/audit/mirror.ts";
import { recoverChain } from "#server/audit/recover.ts";
import { sealBatches } from "#server/audit/seal-batch.ts";
import { createSignal } from "#server/audit/signal.ts";
import { createPool } from "#server/core/db/pool.ts";
import { AppError } from "#server/core/errors.ts";
import type { Logger } from "#server/core/log.ts";

interface SealerOptions {
  /** Connection as `openclaw_sealer`. */
  connectionString: string;
  keysDir: string;
  mirrorFile: string;
  log: Logger;
  /** Called once: the chain is level, or another sealer holds the lock and this one stands by. */
  onReady?: () => void;
}

export interface Sealer {
  /** Resolves after `close`, rejects with an AppError when the record cannot be continued. */
  readonly finished: Promise<void>;
  /** Ends; when this sealer holds the lock, it first seals what is there. */
  close(): Promise<void>;
}

const LOCK_KEY = 7_263_541_002;
/** Pause when nothing more waits, so that a busy gateway is sealed in few large steps. The intake announces nothing. */
const POLL_MS = 125;
const STANDBY_MS = 500;
const RECONNECT_MS = 500;

export function startSealer(options: SealerOptions): Sealer {
  const { log } = options;
  const pool = createPool({ connectionString: options.connectionString, name: "openclaw-sealer", max: 1 });
  const stop = createSignal();
  let stopping = false;
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
    // All rows are found along an index. Without statistics the planner would sort or scan the whole backlog for each step instead.
    await client.query("SET enable_sort = off; SET enable_seqscan = off");
    const mirror = await openMirror(options.mirrorFile);
    try {
      let state = await recoverChain(client, options.keysDir, mirror, log);
      ready();
      interrupted = false;
      for (;;) {
        const ending = stopping;
        const step = await sealBatches(client, state, options.keysDir, mirror);
        state = step.state;
        if (!step.more) {
          if (ending) {
            return;
          }
          await stop.wait(POLL_MS);
        }
      }
    } finally {
      await mirror.close();
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

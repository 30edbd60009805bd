/**
 * The sealer: gives rows their place in the chain in the order in which it sees them committed, and copies them to the mirror file.
 * One at a time per database, by an advisory lock that ends with the connection. It runs in its own process, because the web process
 * must be able neither to read the chain's key nor to write `seq` and `hash`.
 */
import type { PoolClient } from "pg";
import { advance, canonicalRow, type ChainState, type SealedRow } from "#server/audit/chain.ts";
import { writeSealerState } from "#server/audit/key-files.ts";
import { openMirror, type Mirror } from "#server/audit/mirror.ts";
import { recoverChain } from "#server/audit/recover.ts";
import { readUnsealed } from "#server/audit/sealed-rows.ts";
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
const BATCH_ROWS = 2_000;
/** Pause after a batch that was not full, so that a busy gateway is sealed in few large steps. */
const GATHER_MS = 100;
/** Longest wait without a notification. */
const POLL_MS = 5_000;
const STANDBY_MS = 500;
const RECONNECT_MS = 500;

export function startSealer(options: SealerOptions): Sealer {
  const { log } = options;
  const pool = createPool({ connectionString: options.connectionString, name: "openclaw-sealer", max: 1 });
  const news = createSignal();
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
    client.on("notification", () => news.raise());
    client.on("error", () => news.raise());
    if (!(await waitForLock(client))) {
      return;
    }
    await client.query("LISTEN openclaw_audit");
    // All rows are read along an index. On a table without statistics the planner would sort the whole backlog for each batch instead.
    await client.query("SET enable_sort = off");
    const mirror = await openMirror(options.mirrorFile);
    try {
      let state = await recoverChain(client, options.keysDir, mirror, log);
      ready();
      interrupted = false;
      for (;;) {
        const ending = stopping;
        const sealed = await sealBatch(client, state, options.keysDir, mirror);
        const full = sealed.seq - state.seq === BATCH_ROWS;
        state = sealed;
        if (ending && !full) {
          return;
        }
        if (!full) {
          await news.wait(POLL_MS);
          await stop.wait(stopping ? 0 : GATHER_MS);
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
      news.raise();
      await finished;
    },
  };
}

/** Places of the rows come from the order of `$1`, hashes are 32 bytes each of `$3`: far less to send than a pair per row. */
const SEAL_SQL = `
UPDATE audit_event AS event SET seq = $2::bigint + row.place, hash = substring($3::bytea FROM (row.place::int - 1) * 32 + 1 FOR 32)
FROM unnest($1::bigint[]) WITH ORDINALITY AS row(id, place) WHERE event.id = row.id AND event.seq IS NULL`;

/**
 * Seals the oldest unsealed rows. The key's position is stored after the commit, so a crash in between leaves a position that lags behind,
 * which `recoverChain` makes up for; the other way round, the key to seal would be lost.
 */
async function sealBatch(client: PoolClient, from: ChainState, keysDir: string, mirror: Mirror): Promise<ChainState> {
  const rows = await readUnsealed(client, from.seq + 1, BATCH_ROWS);
  if (rows.length === 0) {
    return from;
  }
  let state = from;
  const sealed: SealedRow[] = [];
  for (const row of rows) {
    state = advance(state, canonicalRow(row));
    sealed.push({ row, hash: state.hash });
  }
  const ids = rows.map((row) => row.id);
  const hashes = Buffer.concat(sealed.map((row) => row.hash));
  await client.query("BEGIN");
  const { rowCount } = await client.query({ name: "audit-seal", text: SEAL_SQL, values: [ids, from.seq, hashes] });
  if (rowCount !== rows.length) {
    throw new Error(`sealed ${rowCount ?? 0} of ${rows.length} rows; the batch is undone`);
  }
  await client.query("COMMIT");
  await mirror.append(sealed);
  writeSealerState(keysDir, state);
  return state;
}

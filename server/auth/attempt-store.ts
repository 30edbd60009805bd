/**
 * Keeps failed attempts in the database, so that a restart forgives nothing and several servers soon know of each other's.
 * Writing happens behind the answer, every half second; a crash loses no more than that. What another server wrote is read every second.
 */
import { randomUUID } from "node:crypto";
import type { Pool } from "pg";
import {
  createAttemptLimiter,
  FORGET_AFTER_MS,
  type AttemptEntry,
  type AttemptLimiter,
} from "#server/auth/attempt-limiter.ts";
import type { Clock } from "#server/core/clock.ts";
import type { Logger } from "#server/core/log.ts";

export interface AttemptStore extends AttemptLimiter {
  /** Writes what is waiting. */
  close(): Promise<void>;
}

interface AttemptStoreDeps {
  pool: Pool;
  clock: Clock;
  log: Logger;
}

const FLUSH_MS = 500;
const LOOK_MS = 1_000;
const PRUNE_MS = 10 * 60_000;

// Of two servers that count one key, the one with more failures is nearer the truth.
const UPSERT_SQL = `
INSERT INTO auth_attempt (key, failures, last_failure, blocked_until, writer, updated_at)
SELECT key, failures, to_timestamp(last_failure / 1000.0), to_timestamp(blocked_until / 1000.0), $5, now()
  FROM unnest($1::text[], $2::int[], $3::float8[], $4::float8[]) AS t(key, failures, last_failure, blocked_until)
ON CONFLICT (key) DO UPDATE SET
  failures = greatest(auth_attempt.failures, excluded.failures),
  last_failure = greatest(auth_attempt.last_failure, excluded.last_failure),
  blocked_until = greatest(auth_attempt.blocked_until, excluded.blocked_until),
  writer = excluded.writer,
  updated_at = excluded.updated_at`;

// A little overlap: a transaction's now() is older than the moment others can see it.
const NEWS_SQL = `
SELECT key, failures, extract(epoch FROM last_failure)::float8 * 1000 AS "lastFailureAt",
       extract(epoch FROM blocked_until)::float8 * 1000 AS "blockedUntil", now() AS seen
  FROM auth_attempt WHERE updated_at > $1::timestamptz - interval '5 seconds' AND writer <> $2`;

/** Loads what is remembered. Rejects when the database cannot say: starting without it would forgive every guesser. */
export async function openAttemptStore({ pool, clock, log }: AttemptStoreDeps): Promise<AttemptStore> {
  const writer = randomUUID();
  const dirty = new Map<string, AttemptEntry | null>();
  const limiter = createAttemptLimiter({ clock, onChange: (key, entry) => void dirty.set(key, entry) });
  let since = new Date(clock.now() - FORGET_AFTER_MS);

  async function readNews(): Promise<void> {
    const { rows } = await pool.query<AttemptEntry & { key: string; seen: Date }>(NEWS_SQL, [since, writer]);
    for (const { key, seen, failures, lastFailureAt, blockedUntil } of rows) {
      limiter.merge(key, { failures, lastFailureAt, blockedUntil });
      since = seen;
    }
  }

  async function flush(): Promise<void> {
    const changes = [...dirty];
    dirty.clear();
    const forgotten = changes.flatMap(([key, entry]) => (entry === null ? [key] : []));
    const kept = changes.flatMap(([key, entry]) => (entry === null ? [] : [{ key, ...entry }]));
    try {
      if (forgotten.length > 0) {
        await pool.query("DELETE FROM auth_attempt WHERE key = ANY($1)", [forgotten]);
      }
      if (kept.length > 0) {
        await pool.query(UPSERT_SQL, [
          kept.map(({ key }) => key),
          kept.map(({ failures }) => failures),
          kept.map(({ lastFailureAt }) => lastFailureAt),
          kept.map(({ blockedUntil }) => blockedUntil),
          writer,
        ]);
      }
    } catch (error) {
      for (const [key, entry] of changes) {
        // What changed meanwhile is newer.
        if (!dirty.has(key)) {
          dirty.set(key, entry);
        }
      }
      throw error;
    }
  }

  const prune = async (): Promise<void> => {
    const before = new Date(clock.now() - FORGET_AFTER_MS);
    await pool.query("DELETE FROM auth_attempt WHERE last_failure < $1", [before]);
  };

  await readNews();
  const jobs = [every(FLUSH_MS, flush, log), every(LOOK_MS, readNews, log), every(PRUNE_MS, prune, log)];
  return {
    ...limiter,
    async close() {
      await Promise.all(jobs.map((stop) => stop()));
      await flush().catch((error: unknown) => log.warn({ err: error }, "failed attempts could not be kept"));
    },
  };
}

/** Runs `work` every `ms`, never twice at once. @returns stops it and waits for a run under way. */
function every(ms: number, work: () => Promise<void>, log: Logger): () => Promise<void> {
  let running: Promise<void> | null = null;
  const timer = setInterval(() => {
    running ??= work()
      .catch((error: unknown) => log.warn({ err: error }, "failed attempts: database not answering, trying again"))
      .finally(() => {
        running = null;
      });
  }, ms);
  timer.unref();
  return async () => {
    clearInterval(timer);
    await running;
  };
}

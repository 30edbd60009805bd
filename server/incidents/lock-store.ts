/**
 * The locks in force, in memory: every door asks here on every request, and nothing that lasts (streams, connections, calls under way) goes on
 * against one. Rows are the truth. A notification says when to read them; that it may be lost is why they are also read every second.
 */
import type { Pool } from "pg";
import type { Principal } from "#server/access/schema.ts";
import type { Clock } from "#server/core/clock.ts";
import type { NotifyHub } from "#server/core/db/notify.ts";
import { AppError } from "#server/core/errors.ts";
import type { Logger } from "#server/core/log.ts";
import { Roster } from "#server/core/roster.ts";
import { readLocks } from "#server/incidents/lock-rows.ts";
import {
  indexLocks,
  lockOnChannel,
  lockOnMember,
  lockOnMessage,
  lockOnPrincipal,
  type Lock,
  type LockIndex,
  type MemberSubject,
  type MessageSubject,
} from "#server/incidents/policy.ts";
import type { CutCounts } from "#server/incidents/schema.ts";

/** What lasts longer than a request, by the name under which it is counted. */
export type HeldKind = "streams" | "webSockets" | "answers" | "consoleStreams";
type Question = (index: LockIndex, nowMs: number) => Lock | null;

interface Held {
  kind: HeldKind;
  lockOn: Question;
  cut: (lock: Lock) => void;
}

export interface LockStore {
  /** The lock that shuts this credential out; null = none. */
  onPrincipal(principal: Principal): Lock | null;
  /** The lock that keeps this message from being looked at; null = none. */
  onMessage(principal: Principal, subject: MessageSubject): Lock | null;
  /** The lock under which nothing of this channel is answered; null = none. */
  onChannel(channel: string): Lock | null;
  /** The lock that shuts this member out of the console; null = none. */
  onMember(member: MemberSubject): Lock | null;
  /** Everything is stopped. */
  stopped(): Lock | null;
  /** Has `cut` called, once, as soon as `lockOn` names a lock. @returns lets go of it. */
  hold(kind: HeldKind, lockOn: Question, cut: (lock: Lock) => void): () => void;
  /** Reads the rows again. */
  reload(): Promise<void>;
  close(): void;
}

export interface LockStoreDeps {
  pool: Pool;
  notify: NotifyHub;
  clock: Clock;
  log: Logger;
  /** Of this process. */
  instance: string;
  /** What else is done in this process when a lock comes into force: sweeps what was accepted in the moment of the lock. */
  onLock: (lock: Lock) => Promise<void>;
  /** Notes the ends of locks whose time is over. */
  onExpired: () => Promise<void>;
  /** A stop that was asked for while no database ran; null = none. */
  stopFile: () => Lock | null;
  /** Takes it over into the database. */
  onStopFile: () => Promise<void>;
}

const CHANNEL = "openclaw_lock";
/** A lost notification is made good within this time (milliseconds). */
const LOOK_MS = 1_000;

const STOP_FILE = "stop-file";

const CUT_SQL = `
INSERT INTO incident_cut (lock_id, instance, counts, after_ms)
SELECT id, $2, $3, greatest(0, round(extract(epoch FROM clock_timestamp() - set_at) * 1000))::int FROM incident_lock WHERE id = $1
ON CONFLICT DO NOTHING`;

/** @throws AppError STORE_UNAVAILABLE: a server that does not know what is locked serves nobody. */
export async function openLockStore(deps: LockStoreDeps): Promise<LockStore> {
  const { pool, notify, clock, log, instance } = deps;
  const held = new Roster<Held>();
  let locks: readonly Lock[] = await readAll().catch((cause: unknown) => {
    throw new AppError(
      "STORE_UNAVAILABLE",
      "What is locked cannot be read, so nothing is served. Check the database.",
      {
        cause,
      },
    );
  });
  let index = indexLocks(locks);
  let reading: Promise<void> | null = null;
  let again = false;
  let closed = false;

  async function readAll(): Promise<Lock[]> {
    return withFile(await readLocks(pool));
  }

  function withFile(stored: readonly Lock[]): Lock[] {
    const asked = deps.stopFile();
    return asked === null ? [...stored] : [...stored, asked];
  }

  /** Whatever goes wrong with one, the others are cut all the same. */
  function cutOne({ cut, kind }: Held, lock: Lock): void {
    try {
      cut(lock);
    } catch (error) {
      log.error({ err: error, kind, lock: lock.id }, "something that is locked could not be cut");
    }
  }

  /** Cuts what the locks in force shut out. */
  function cutHeld(): void {
    const nowMs = clock.now();
    held.forEach((holder, place) => {
      const lock = holder.lockOn(index, nowMs);
      if (lock !== null && held.delete(place)) {
        cutOne(holder, lock);
      }
    });
  }

  /** What this lock alone would cut. */
  function countHeld(lock: Lock): CutCounts {
    const alone = indexLocks([{ ...lock, drill: false }]);
    const counts: CutCounts = {};
    held.forEach(({ kind, lockOn }) => {
      if (lockOn(alone, clock.now()) !== null) {
        counts[kind] = (counts[kind] ?? 0) + 1;
      }
    });
    return counts;
  }

  async function apply(next: readonly Lock[]): Promise<void> {
    const known = new Set(locks.map(({ id }) => id));
    const added = next.filter(({ id }) => !known.has(id));
    locks = next;
    index = indexLocks(next);
    const counted = added.map((lock) => ({ lock, counts: countHeld(lock) }));
    cutHeld();
    // Everything in memory is cut by now: what follows only tells of it and sweeps up.
    await Promise.all(
      counted.map(async ({ lock, counts }) => {
        await pool.query(CUT_SQL, [lock.id, instance, JSON.stringify(counts)]);
        if (!lock.drill) {
          await deps.onLock(lock);
        }
      }),
    );
    if (deps.stopFile() !== null) {
      await deps.onStopFile();
    }
    if (next.some(({ expiresAtMs }) => expiresAtMs !== null && expiresAtMs <= clock.now())) {
      await deps.onExpired();
    }
  }

  function reload(): Promise<void> {
    if (reading !== null) {
      again = true;
      return reading;
    }
    reading = (async () => {
      do {
        again = false;
        await apply(await readAll());
        // The type checker does not see that the reading was awaited.
      } while (again as boolean);
    })().finally(() => {
      reading = null;
    });
    return reading;
  }

  function look(): void {
    if (!closed) {
      reload().catch(async (error: unknown) => {
        log.warn({ err: error }, "locks: database not answering, trying again");
        // A stop by file needs no database.
        if (deps.stopFile() !== null && !locks.some(({ id }) => id === STOP_FILE)) {
          await apply(withFile(locks)).catch(() => undefined);
        }
      });
    }
  }

  const unlisten = await notify.listen(CHANNEL, look);
  const unhear = notify.onReconnect(look);
  const timer = setInterval(look, LOOK_MS);
  timer.unref();
  // One that was set while this process began to listen.
  await reload();

  return {
    onPrincipal: (principal) => (index.empty ? null : lockOnPrincipal(index, principal, clock.now())),
    onMessage: (principal, subject) => (index.empty ? null : lockOnMessage(index, principal, subject, clock.now())),
    onChannel: (channel) => (index.empty ? null : lockOnChannel(index, channel, clock.now())),
    onMember: (member) => (index.empty ? null : lockOnMember(index, member, clock.now())),
    stopped: () => lockOnChannel({ ...index, channels: new Map() }, "", clock.now()),
    hold(kind, lockOn, cut) {
      const holder: Held = { kind, lockOn, cut };
      const place = held.add(holder);
      if (!index.empty) {
        // A lock that came between the door and here.
        queueMicrotask(() => {
          const lock = lockOn(index, clock.now());
          if (lock !== null && held.delete(place)) {
            cutOne(holder, lock);
          }
        });
      }
      return () => void held.delete(place);
    },
    reload,
    close() {
      closed = true;
      clearInterval(timer);
      unlisten();
      unhear();
    },
  };
}

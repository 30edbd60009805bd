/**
 * The work that comes round, as jobs of pg-boss: a look at keys and upkeep every hour, and the end of each grace at its time. Whoever takes a
 * look first queues the next, so that a server that dies in the middle stops nothing; of one kind one job waits, so that several servers do
 * not multiply them. Everything a job does is done once, whoever does it again: rows say what was done.
 */
import type { PgBoss } from "pg-boss";
import { createSignal } from "#server/core/signal.ts";
import type { Db } from "#server/core/db/client.ts";
import type { NotifyHub } from "#server/core/db/notify.ts";
import type { Logger } from "#server/core/log.ts";
import { KEYS_CHANGED } from "#server/key-rotation/services.ts";
import { endGraces } from "#server/key-rotation/undo.ts";

const LOOK = "upkeep-look";
const GRACE_END = "key-grace-end";
const LOOK_EVERY_S = 3_600;
const POLL_MS = 10_000;

export interface UpkeepOptions {
  db: Db;
  boss: Pick<PgBoss, "send" | "fetch" | "complete" | "fail" | "deleteJob">;
  notify: Pick<NotifyHub, "listen">;
  log: Pick<Logger, "error">;
  /** One look at everything that comes round. */
  look: () => Promise<void>;
  now: () => Date;
  /** Between two looks into the queue (milliseconds); default ten seconds. */
  pollMs?: number;
}

export interface Upkeep {
  /** Looks out of turn: the configuration has changed. */
  lookSoon(): void;
  close(): Promise<void>;
}

export async function startUpkeep({
  db,
  boss,
  notify,
  log,
  look,
  now,
  pollMs = POLL_MS,
}: UpkeepOptions): Promise<Upkeep> {
  const wake = createSignal();
  let closed = false;
  let wanted = true;
  let newGraces = true;

  async function queueGraces(): Promise<void> {
    const open = await db.keyRotation.findMany({
      where: { state: "done", oldSealed: { not: null }, graceUntil: { not: null } },
      select: { id: true, graceUntil: true },
    });
    for (const { id, graceUntil } of open) {
      await boss.send(GRACE_END, { rotationId: id }, { startAfter: graceUntil ?? now(), singletonKey: id });
    }
  }

  async function work(queue: string, handle: (data: unknown) => Promise<void>): Promise<void> {
    const jobs = await boss.fetch<unknown>(queue, { batchSize: 5 });
    for (const job of jobs) {
      try {
        await handle(job.data);
        await boss.deleteJob(queue, job.id);
      } catch (error) {
        log.error({ err: error, queue }, "upkeep failed; it is tried again");
        await boss.fail(queue, job.id);
      }
    }
  }

  async function round(): Promise<void> {
    if (wanted) {
      wanted = false;
      await look();
      await boss.send(LOOK, {}, { startAfter: LOOK_EVERY_S });
    }
    if (newGraces) {
      newGraces = false;
      await queueGraces();
    }
    await work(LOOK, async () => {
      await boss.send(LOOK, {}, { startAfter: LOOK_EVERY_S });
      await look();
      await endGraces(db, now());
    });
    await work(GRACE_END, async (data) => {
      if (typeof data === "object" && data !== null && "rotationId" in data && typeof data.rotationId === "string") {
        await endGraces(db, now(), data.rotationId);
      }
    });
  }

  async function run(): Promise<void> {
    while (!closed) {
      await round().catch((error: unknown) => log.error({ err: error }, "upkeep failed; it is tried again"));
      await wake.wait(pollMs);
    }
  }

  const stopListening = await notify.listen(KEYS_CHANGED, () => {
    newGraces = true;
    wake.raise();
  });
  const running = run();
  return {
    lookSoon() {
      wanted = true;
      wake.raise();
    },
    async close() {
      closed = true;
      stopListening();
      wake.raise();
      await running;
    },
  };
}

/** Works the queue of notifications off in the server process. Rows are the truth: announcements only say when to look. */
import type { Pool } from "pg";
import { attempt, openWays } from "#server/alerts/deliver/attempt.ts";
import { claimDeliveries, nextDue, type ClaimedDelivery } from "#server/alerts/deliver/claim.ts";
import { createMailer } from "#server/alerts/deliver/mailer.ts";
import { DELIVERY_WAITS } from "#server/alerts/deliver/queue.ts";
import { settle } from "#server/alerts/deliver/settle.ts";
import type { ResolveDeps } from "#server/alerts/points/resolve.ts";
import { RETRY_TIMING, type RetryTiming } from "#server/alerts/timing.ts";
import type { NotifyHub } from "#server/core/db/notify.ts";
import { newWorkerId } from "#server/core/ids.ts";
import type { Logger } from "#server/core/log.ts";

export interface AlertSender {
  /** Takes nothing new and waits for what is being sent, for at most `drainMs`. */
  close(drainMs: number): Promise<void>;
}

export interface AlertSenderDeps extends ResolveDeps {
  pool: Pool;
  notify: NotifyHub;
  log: Logger;
  retry?: RetryTiming;
}

const MAX_ACTIVE = 8;
/** One slow receiver must not hold up the others. */
const MAX_PER_POINT = 2;
const LOOK_MS = 5_000;

export async function openAlertSender(deps: AlertSenderDeps): Promise<AlertSender> {
  const { pool, notify, log, config, retry = RETRY_TIMING } = deps;
  const workerId = newWorkerId();
  const ways = openWays(createMailer(), config);
  const inHand = new Map<string, { pointId: string; done: Promise<void> }>();
  let closed = false;
  let looking: Promise<void> | null = null;
  let again = false;
  let alarm: NodeJS.Timeout | undefined;

  function take(claimed: ClaimedDelivery): void {
    const done = attempt({ ...deps, ways }, claimed)
      .then((attempted) => settle({ pool, workerId, retry, chance: Math.random }, claimed, attempted))
      .catch((error: unknown) => log.error({ err: error }, "a notification is left to the next attempt"))
      .finally(() => {
        inHand.delete(claimed.id);
        look();
      });
    inHand.set(claimed.id, { pointId: claimed.pointId, done });
  }

  function busyPoints(): string[] {
    const counts = new Map<string, number>();
    inHand.forEach(({ pointId }) => counts.set(pointId, (counts.get(pointId) ?? 0) + 1));
    return [...counts].flatMap(([pointId, count]) => (count >= MAX_PER_POINT ? [pointId] : []));
  }

  async function claimAll(): Promise<void> {
    do {
      again = false;
      const room = MAX_ACTIVE - inHand.size;
      // One at a time, so that what one point has in hand is known before the next is claimed.
      const claimed = room > 0 ? await claimDeliveries(pool, workerId, 1, busyPoints()) : [];
      claimed.forEach(take);
      again ||= claimed.length > 0;
    } while (again && !closed);
    clearTimeout(alarm);
    const ms = closed ? null : await nextDue(pool);
    if (ms !== null && ms < LOOK_MS) {
      alarm = setTimeout(look, Math.max(50, ms)).unref();
    }
  }

  function look(): void {
    if (looking !== null) {
      again = true;
    } else if (!closed) {
      looking = claimAll()
        .catch((error: unknown) => log.error({ err: error }, "notifications could not be taken up"))
        .finally(() => {
          looking = null;
          if (again) {
            look();
          }
        });
    }
  }

  const timer = setInterval(look, LOOK_MS).unref();
  const unlisten = await notify.listen(DELIVERY_WAITS, look);
  const stopReconnecting = notify.onReconnect(look);
  look();
  return {
    async close(drainMs) {
      closed = true;
      unlisten();
      stopReconnecting();
      clearInterval(timer);
      clearTimeout(alarm);
      const late = new Promise((resolve) => setTimeout(resolve, drainMs).unref());
      const all = Promise.all([looking, ...[...inHand.values()].map(({ done }) => done)]);
      await Promise.race([all, late]);
      await ways.close();
    },
  };
}

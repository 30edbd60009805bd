/**
 * Works deliveries off in the server process. Rows are the truth: notifications only say when to look, and a lost one costs a second.
 * What is in hand is held by a lease that is renewed; whoever dies lets go of it by that.
 */
import type { ChannelServices } from "#server/channels/services.ts";
import { claim, LEASE_MS, renew, WORK_WAITS, type Claimed } from "#server/channels/worker/claim.ts";
import { forgetOldDeliveries } from "#server/channels/worker/retention.ts";
import { workOff } from "#server/channels/worker/work.ts";
import { newWorkerId } from "#server/core/ids.ts";

export interface ChannelWorker {
  /** Takes nothing new and waits for what is being sent, for at most `drainMs`. What is left is taken up by the next server. */
  close(drainMs: number): Promise<void>;
}

/** Worked on at one time; those that wait for a run do not count. */
const MAX_ACTIVE = 24;
/** Of one channel: a platform that does not answer holds its own messages up, and leaves room for the others. */
const MAX_OF_CHANNEL = 12;
const MAX_WAITING = 1_000;
const LOOK_MS = 1_000;
const FORGET_MS = 60 * 60_000;

export async function openChannelWorker(services: ChannelServices): Promise<ChannelWorker> {
  const { pool, log, notify } = services;
  const workerId = newWorkerId();
  const inHand = new Map<string, Promise<void>>();
  const waiting = new Set<string>();
  /** Those of each channel that wait for no run. */
  const active = new Map<string, number>();
  let closed = false;
  let claiming = false;
  let again = false;

  const failed = (what: string) => (error: unknown) => log.error({ err: error }, what);

  const count = (channel: string, by: 1 | -1): void => void active.set(channel, (active.get(channel) ?? 0) + by);

  function take(claimed: Claimed): void {
    const { id, channel } = claimed;
    const onWaiting = (): void => {
      waiting.add(id);
      count(channel, -1);
      look();
    };
    count(channel, 1);
    const done = workOff({ services, workerId, claimed, onWaiting })
      .catch(failed("a delivery is left to the next worker"))
      .finally(() => {
        inHand.delete(id);
        if (!waiting.delete(id)) {
          count(channel, -1);
        }
        look();
      });
    inHand.set(id, done);
  }

  /** What may be taken now: so many, of which none is of a channel that has its share. */
  function share(): { limit: number; without: string[] } {
    const room = waiting.size >= MAX_WAITING ? 0 : MAX_ACTIVE - (inHand.size - waiting.size);
    const counts = [...active];
    const without = counts.filter(([, taken]) => taken >= MAX_OF_CHANNEL).map(([channel]) => channel);
    const most = Math.max(0, ...counts.map(([, taken]) => taken).filter((taken) => taken < MAX_OF_CHANNEL));
    // All of them may be of the one channel that has the most already.
    return { limit: Math.min(room, MAX_OF_CHANNEL - most), without };
  }

  async function claimAll(): Promise<void> {
    do {
      again = false;
      const { limit, without } = share();
      if (limit > 0) {
        const claimed = await claim(pool, workerId, limit, without);
        claimed.forEach(take);
        again ||= claimed.length === limit && inHand.size - waiting.size < MAX_ACTIVE;
      }
    } while (again && !closed);
  }

  function look(): void {
    if (claiming) {
      again = true;
    } else if (!closed && !services.draining.signal.aborted) {
      claiming = true;
      void claimAll()
        .catch(failed("deliveries could not be taken"))
        .finally(() => {
          claiming = false;
          if (again) {
            look();
          }
        });
    }
  }

  const forget = (): void =>
    void forgetOldDeliveries(pool, () => closed).catch(failed("old deliveries could not be removed"));
  const renewAll = (): void =>
    inHand.size === 0
      ? undefined
      : void renew(pool, workerId, [...inHand.keys()]).catch(failed("a lease was not renewed"));
  const stops = [every(LOOK_MS, look), every(LEASE_MS / 3, renewAll), every(FORGET_MS, forget)];
  const unlisten = await notify.listen(WORK_WAITS, look);
  const stopReconnecting = notify.onReconnect(look);
  look();
  forget();
  return {
    async close(drainMs) {
      closed = true;
      unlisten();
      stopReconnecting();
      const late = new Promise((resolve) => setTimeout(resolve, drainMs).unref());
      await Promise.race([Promise.all(inHand.values()), late]);
      stops.forEach((stop) => stop());
    },
  };
}

function every(ms: number, work: () => void): () => void {
  const timer = setInterval(work, ms);
  timer.unref();
  return () => clearInterval(timer);
}

/** Starts approved runs in this process, as soon as the database tells of one, and ends what nobody decided in time. */
import { expireApprovals } from "#server/approvals/index.ts";
import type { NotifyHub } from "#server/core/db/notify.ts";
import { messageOf } from "#server/core/errors.ts";
import { startApproved, tellEnd, type TellRequester } from "#server/gateway/approvals/start.ts";
import type { GatewayServices } from "#server/gateway/services.ts";

/** Between two looks for what a lost notification, a stopped engine or time has left behind (milliseconds). */
const LOOK_MS = 15_000;

export interface ApprovalRunner {
  close(): Promise<void>;
}

export async function openApprovalRunner(
  services: GatewayServices,
  notify: NotifyHub,
  tell: TellRequester,
): Promise<ApprovalRunner> {
  let work: Promise<void> = Promise.resolve();
  let closed = false;

  async function start(id: string): Promise<void> {
    try {
      await startApproved(services, id, tell);
      await tellEnd(services, id, tell);
    } catch (error) {
      services.log.warn({ reason: messageOf(error), approval: id }, "an approved run could not be started yet");
    }
  }

  async function look(): Promise<void> {
    await expireApprovals(services);
    const waiting = await services.db.runApproval.findMany({
      where: { state: "approved" },
      select: { id: true },
      take: 100,
    });
    for (const { id } of waiting) {
      await start(id);
    }
  }

  function next(step: () => Promise<void>): void {
    work = work
      .then(() => (closed ? undefined : step()))
      .catch((error: unknown) => {
        services.log.warn({ reason: messageOf(error) }, "approvals: database not answering, trying again");
      });
  }

  const unlisten = await notify.listen("openclaw_approval", (id) => next(() => start(id)));
  const unhear = notify.onReconnect(() => next(look));
  const timer = setInterval(() => next(look), LOOK_MS);
  timer.unref();
  next(look);
  return {
    async close() {
      closed = true;
      clearInterval(timer);
      unlisten();
      unhear();
      await work;
    },
  };
}

/** One delivery from its claim to its end. */
import type { LiveChannel } from "#server/channels/connections.ts";
import { replyTargetOf } from "#server/channels/reply-handle.ts";
import type { InboundEvent } from "#server/channels/schema.ts";
import { openEvent } from "#server/channels/sealed-event.ts";
import type { ChannelServices } from "#server/channels/services.ts";
import { answerOf, type Answer } from "#server/channels/worker/answer.ts";
import { release, type Claimed } from "#server/channels/worker/claim.ts";
import { leaving } from "#server/channels/worker/leaving.ts";
import { loadReplies, sendReplies, storeReplies, type StoredReply } from "#server/channels/worker/outbox.ts";
import { isAppError, messageOf } from "#server/core/errors.ts";

export interface Job {
  services: ChannelServices;
  workerId: string;
  claimed: Claimed;
  /** Called once the delivery only waits for a run. */
  onWaiting: () => void;
}

/** Times a delivery is taken up before it is given up: each may have ended a process. */
const MAX_TAKEN = 20;
/** Before a store that did not answer is asked again (milliseconds). */
const STORE_WAIT_MS = 2_000;

const LOCKED = "locked";
const STAYS = "what the platform shows until an answer comes is left there";

export async function workOff(job: Job): Promise<void> {
  const { services, workerId, claimed } = job;
  try {
    await advance(job);
  } catch (error) {
    services.log.error({ err: error, delivery: claimed.id }, "a delivery could not be worked off");
    if (isAppError(error) && error.code === "CANNOT_DECRYPT") {
      await giveUp(job, { reason: "cannot_decrypt", message: error.message });
    } else {
      await release(services.pool, workerId, claimed.id, STORE_WAIT_MS);
    }
  }
}

async function advance(job: Job): Promise<void> {
  const { services, workerId, claimed } = job;
  const live = services.connections.live(claimed.channel);
  if (live === undefined) {
    return giveUp(job, { reason: "channel_off", message: "the channel is off or no longer connected" });
  }
  if (claimed.state !== "replying" && claimed.attempt > MAX_TAKEN) {
    return giveUp(job, { reason: "internal", message: `taken up ${MAX_TAKEN} times without an end` });
  }
  const event = openEvent(services.keyring, claimed.id, claimed.event);
  if (claimed.state === "replying") {
    return sendOrSilence(job, live, event, await loadReplies(holderOf(job), claimed.id), claimed.reason);
  }
  const { onWaiting } = job;
  const answer = await answerOf({
    services,
    workerId,
    live,
    claimed,
    event,
    async onWaiting(runId) {
      await services.pool.query("UPDATE channel_delivery SET run_id = $2 WHERE id = $1", [claimed.id, runId]);
      onWaiting();
    },
  });
  return conclude(job, live, event, answer);
}

/** Whether an incident keeps this channel from saying anything but the lock's own words. */
const isSilenced = ({ services, claimed }: Job, reason: string | null): boolean =>
  reason !== LOCKED && services.locks.onChannel(claimed.channel) !== null;

async function conclude(job: Job, live: LiveChannel, event: InboundEvent, answer: Answer): Promise<void> {
  const { services, workerId, claimed } = job;
  if (answer.kind === "later") {
    return release(services.pool, workerId, claimed.id, 0);
  }
  if (answer.kind === "silent") {
    await withdraw(job);
    return end(job, { state: "refused", reason: answer.refused, userId: answer.userId });
  }
  if (answer.kind === "stored") {
    return sendOrSilence(job, live, event, answer.replies, answer.refused);
  }
  if (live.adapter.silent === true) {
    const { refused, userId } = answer;
    return end(job, {
      state: refused === null ? "answered" : "refused",
      reason: refused ?? "no_reply_address",
      userId,
    });
  }
  // It may have come while the run went on.
  if (isSilenced(job, answer.refused)) {
    return end(job, { state: "refused", reason: LOCKED, userId: answer.userId });
  }
  const { parts, filtered } = leaving(services.config, live, claimed, answer.text);
  if (filtered !== null) {
    await services.audit.append([filtered]);
  }
  const replies = await storeReplies(holderOf(job), claimed.id, parts, answer);
  if (replies !== null) {
    await sendAll(job, live, event, replies, answer.refused);
  }
}

/** A courtesy, tried once: how the delivery ends has been decided and is on record. While the channel is locked nothing goes out. */
async function withdraw({ services, claimed }: Job): Promise<void> {
  const { id, channel, event, acceptedAt } = claimed;
  const live = services.connections.live(channel);
  if (live?.adapter.withdraw === undefined || services.locks.onChannel(channel) !== null) {
    return;
  }
  try {
    const target = replyTargetOf(openEvent(services.keyring, id, event), acceptedAt);
    const done = await live.adapter.withdraw(live.http, target);
    if (!done.ok) {
      services.log.warn({ delivery: id, reason: done.reason }, STAYS);
    }
  } catch (error) {
    services.log.warn({ delivery: id, reason: messageOf(error) }, STAYS);
  }
}

const holderOf = ({ services: { pool, keyring }, workerId }: Job) => ({ pool, keyring, workerId });

/** What is stored goes out, unless an incident has come meanwhile. */
async function sendOrSilence(
  job: Job,
  live: LiveChannel,
  event: InboundEvent,
  replies: readonly StoredReply[],
  refused: string | null,
): Promise<void> {
  return isSilenced(job, refused)
    ? end(job, { state: "refused", reason: LOCKED })
    : sendAll(job, live, event, replies, refused);
}

async function sendAll(
  job: Job,
  live: LiveChannel,
  event: InboundEvent,
  replies: readonly StoredReply[],
  refused: string | null,
): Promise<void> {
  const { services, workerId, claimed } = job;
  const outcome = await sendReplies(holderOf(job), live, replyTargetOf(event, claimed.acceptedAt), replies);
  switch (outcome.kind) {
    case "lost":
      return;
    case "again":
      return release(services.pool, workerId, claimed.id, outcome.afterMs);
    case "failed":
      return giveUp(job, outcome);
    case "sent":
      await services.audit.append([
        {
          event: "channel.reply_sent",
          outcome: "ok",
          actor: { type: "system", id: "server" },
          channel: live.channel,
          requestId: claimed.requestId,
          target: claimed.id,
          data: { parts: replies.length, attempts: outcome.attempts },
        },
      ]);
      return end(job, { state: refused === null ? "answered" : "refused", reason: refused });
  }
}

interface Ending {
  state: "answered" | "refused" | "failed";
  reason: string | null;
  userId?: string | null;
}

async function end({ services, workerId, claimed }: Job, { state, reason, userId = null }: Ending): Promise<void> {
  await services.pool.query({
    name: "channel-end",
    text: `UPDATE channel_delivery
              SET state = $3, reason = $4, user_id = coalesce($5, user_id), finished_at = now(), worker_id = NULL, leased_until = NULL
            WHERE id = $1 AND worker_id = $2`,
    values: [claimed.id, workerId, state, reason, userId],
  });
}

/** Visibly failed: in the log of deliveries and on record. */
async function giveUp(
  job: Job,
  { reason, message, part }: { reason: string; message: string; part?: number },
): Promise<void> {
  const { services, claimed } = job;
  await services.audit.append([
    {
      event: "channel.delivery_failed",
      outcome: "failed",
      actor: { type: "system", id: "server" },
      channel: claimed.channel,
      requestId: claimed.requestId,
      target: claimed.id,
      reason,
      data: { part: part ?? null, message: messageOf(message).slice(0, 300) },
    },
  ]);
  await withdraw(job);
  await end(job, { state: "failed", reason });
}

/**
 * Replies: stored before anything is sent, sent part by part in order, each at most once. A part that was being sent when its process died
 * may have arrived, so it is not sent again by itself: the delivery fails visibly, and somebody may have it tried again. Where a repeat is
 * known by its id it is sent again.
 */
import type { Pool } from "pg";
import type { Sent } from "#server/channels/adapter.ts";
import type { LiveChannel } from "#server/channels/connections.ts";
import { NoAnswer } from "#server/channels/http.ts";
import type { ReplyTarget } from "#server/channels/schema.ts";
import { openReply, sealReply } from "#server/channels/sealed-event.ts";
import { waitBeforeAttempt } from "#server/channels/worker/policy.ts";
import type { Keyring } from "#server/core/crypto/keyring/index.ts";
import type { Tx } from "#server/core/db/client.ts";
import { AppError, messageOf } from "#server/core/errors.ts";
import { newReplyId } from "#server/core/ids.ts";

interface Holder {
  pool: Pool;
  keyring: Keyring;
  /** Only who holds the delivery changes anything of it. */
  workerId: string;
}

export interface StoredReply {
  id: string;
  part: number;
  text: string;
  state: "pending" | "sending" | "sent" | "failed";
}

const STORE_SQL = `
WITH held AS (
  UPDATE channel_delivery SET state = 'replying', reason = $3, user_id = $4, run_id = $5
   WHERE id = $1 AND worker_id = $2 AND state = 'working' RETURNING id, channel
)
INSERT INTO channel_reply (id, delivery_id, channel, part, body)
SELECT reply.id, held.id, held.channel, reply.part, reply.body
  FROM held, unnest($6::text[], $7::int[], $8::bytea[]) AS reply(id, part, body)`;

const repliesOf = (parts: readonly string[]): StoredReply[] =>
  parts.map((text, index) => ({ id: newReplyId(), part: index + 1, text, state: "pending" }));

/** @returns null when somebody else has taken the delivery up meanwhile. */
export async function storeReplies(
  { pool, keyring, workerId }: Holder,
  deliveryId: string,
  parts: readonly string[],
  facts: { refused: string | null; userId: string | null; runId: string | null },
): Promise<StoredReply[] | null> {
  const replies = repliesOf(parts);
  const { rowCount } = await pool.query({
    name: "channel-store-replies",
    text: STORE_SQL,
    values: [
      deliveryId,
      workerId,
      facts.refused,
      facts.userId,
      facts.runId,
      replies.map(({ id }) => id),
      replies.map(({ part }) => part),
      replies.map(({ id, text }) => sealReply(keyring, id, text)),
    ],
  });
  return rowCount === replies.length ? replies : null;
}

/**
 * The same as a part of a transaction, for a refusal that is more than words.
 * @throws AppError CONFLICT when somebody else has taken the delivery up meanwhile: nothing of the transaction may stay
 */
export async function storeRepliesWithin(
  tx: Tx,
  { keyring, workerId }: Omit<Holder, "pool">,
  deliveryId: string,
  parts: readonly string[],
  refused: string,
): Promise<StoredReply[]> {
  const held = await tx.channelDelivery.updateManyAndReturn({
    where: { id: deliveryId, workerId, state: "working" },
    data: { state: "replying", reason: refused },
    select: { channel: true },
  });
  const [delivery] = held;
  if (delivery === undefined) {
    throw new AppError("CONFLICT", "Another worker has taken this delivery up.");
  }
  const replies = repliesOf(parts);
  await tx.channelReply.createMany({
    data: replies.map(({ id, part, text }) => ({
      id,
      deliveryId,
      channel: delivery.channel,
      part,
      body: new Uint8Array(sealReply(keyring, id, text)),
    })),
  });
  return replies;
}

/** @throws AppError CANNOT_DECRYPT */
export async function loadReplies({ pool, keyring }: Holder, deliveryId: string): Promise<StoredReply[]> {
  const { rows } = await pool.query<Omit<StoredReply, "text"> & { body: Uint8Array }>(
    "SELECT id, part, body, state FROM channel_reply WHERE delivery_id = $1 ORDER BY part",
    [deliveryId],
  );
  return rows.map(({ body, ...reply }) => ({ ...reply, text: openReply(keyring, reply.id, body) }));
}

export type SendOutcome =
  | { kind: "sent"; attempts: number }
  | { kind: "lost" }
  /** To be taken up again after `afterMs`. */
  | { kind: "again"; afterMs: number }
  | {
      kind: "failed";
      part: number;
      reason: "may_have_arrived" | "reply_refused" | "attempts_exhausted";
      message: string;
    };

const CUT_OFF = "the gateway ended while this was being sent";

/** Sends what is pending, in order. The delivery itself is left for the caller to end. */
export async function sendReplies(
  holder: Holder,
  live: LiveChannel,
  target: ReplyTarget,
  replies: readonly StoredReply[],
): Promise<SendOutcome> {
  let attempts = 0;
  for (const reply of replies) {
    if (reply.state === "sent") {
      continue;
    }
    const isAgain = reply.state === "sending" && live.adapter.knowsRepeats === true;
    if (reply.state !== "pending" && !isAgain) {
      return fail(holder, reply, "may_have_arrived", CUT_OFF);
    }
    const attempt = await takeForSending(holder, reply);
    if (attempt === null) {
      return { kind: "lost" };
    }
    // Each may have ended a process.
    if (isAgain && waitBeforeAttempt(attempt - 1, null) === null) {
      return fail(holder, reply, "attempts_exhausted", CUT_OFF);
    }
    attempts += attempt;
    const sent = await tryToSend(live, target, reply);
    const outcome = await settle(holder, reply, sent, attempt);
    if (outcome !== null) {
      return outcome;
    }
  }
  return { kind: "sent", attempts };
}

async function takeForSending({ pool, workerId }: Holder, { id, state }: StoredReply): Promise<number | null> {
  const { rows } = await pool.query<{ attempts: number }>({
    name: "channel-take-reply",
    text: `UPDATE channel_reply r SET state = 'sending', attempts = r.attempts + 1 FROM channel_delivery d
            WHERE r.id = $1 AND r.state = $3 AND d.id = r.delivery_id AND d.worker_id = $2 AND d.leased_until > now()
        RETURNING r.attempts`,
    values: [id, workerId, state],
  });
  return rows[0]?.attempts ?? null;
}

type Tried = Sent | { ok: "unknown"; reason: string };

async function tryToSend({ adapter, http }: LiveChannel, target: ReplyTarget, reply: StoredReply): Promise<Tried> {
  try {
    return await adapter.send(http, target, reply.text, reply.id);
  } catch (error) {
    return error instanceof NoAnswer && !error.mayHaveArrived
      ? { ok: false, retry: true, retryAfterMs: null, reason: error.message }
      : { ok: "unknown", reason: error instanceof NoAnswer ? error.message : messageOf(error) };
  }
}

/** Null = the part was taken: go on with the next. */
async function settle(holder: Holder, reply: StoredReply, sent: Tried, attempt: number): Promise<SendOutcome | null> {
  if (sent.ok === true) {
    await holder.pool.query({
      name: "channel-reply-sent",
      text: "UPDATE channel_reply SET state = 'sent', platform_message_id = $2, sent_at = now(), reason = NULL WHERE id = $1",
      values: [reply.id, sent.platformMessageId],
    });
    return null;
  }
  if (sent.ok === "unknown") {
    return fail(holder, reply, "may_have_arrived", sent.reason);
  }
  if (!sent.retry) {
    return fail(holder, reply, "reply_refused", sent.reason);
  }
  const afterMs = waitBeforeAttempt(attempt, sent.retryAfterMs);
  if (afterMs === null) {
    return fail(holder, reply, "attempts_exhausted", sent.reason);
  }
  await holder.pool.query(
    `UPDATE channel_reply SET state = 'pending', reason = $2, next_attempt_at = now() + $3::float8 * interval '1 millisecond'
      WHERE id = $1`,
    [reply.id, sent.reason.slice(0, 500), afterMs],
  );
  return { kind: "again", afterMs };
}

/** This part and all behind it: half an answer out of order would be worse than none. */
async function fail(
  { pool }: Holder,
  { id, part }: StoredReply,
  reason: Extract<SendOutcome, { kind: "failed" }>["reason"],
  message: string,
): Promise<SendOutcome> {
  await pool.query(
    `UPDATE channel_reply SET state = 'failed', reason = CASE WHEN id = $1 THEN $2 ELSE 'an earlier part failed' END
      WHERE delivery_id = (SELECT delivery_id FROM channel_reply WHERE id = $1) AND state IN ('pending', 'sending')`,
    [id, `${reason}: ${message}`.slice(0, 500)],
  );
  return { kind: "failed", part, reason, message };
}

/** From a stored event to what its sender is told: who wrote it, may they, and what the pipeline answers. The same pipeline as for any message. */
import type { LiveChannel } from "#server/channels/connections.ts";
import { resolveSender, type Sender } from "#server/channels/identity.ts";
import { replyTargetOf } from "#server/channels/reply-handle.ts";
import type { InboundEvent } from "#server/channels/schema.ts";
import type { ChannelServices } from "#server/channels/services.ts";
import { fetchFiles } from "#server/channels/worker/attachments.ts";
import type { Claimed } from "#server/channels/worker/claim.ts";
import { exchangeOf, principalOf } from "#server/channels/worker/principal.ts";
import type { StoredReply } from "#server/channels/worker/outbox.ts";
import { startProgress } from "#server/channels/worker/progress.ts";
import { answerStranger } from "#server/channels/worker/stranger.ts";
import { onOccasion } from "#server/audit/index.ts";
import type { AppError } from "#server/core/errors.ts";
import {
  admissible,
  answerRun,
  answerText,
  dispatch,
  parseText,
  recordedError,
  Refusal,
  type Call,
  type Dispatched,
  type Identified,
} from "#server/gateway/index.ts";
import { tellOnce, type Lock } from "#server/incidents/index.ts";
import { isFinal } from "#server/sandbox/schema.ts";

export type Answer =
  | { kind: "say"; text: string; userId: string | null; runId: string | null; refused: string | null }
  /** Said by these, which are stored already and not sent yet. */
  | { kind: "stored"; replies: StoredReply[]; refused: string }
  /** Nothing is said. */
  | { kind: "silent"; userId: string | null; refused: string }
  /** The process stops before the run does: whoever takes the delivery up next waits on. */
  | { kind: "later" };

export interface Work {
  services: ChannelServices;
  workerId: string;
  live: LiveChannel;
  claimed: Claimed;
  event: InboundEvent;
  /** Called when nothing is left to do but wait for the run. */
  onWaiting: (runId: string) => Promise<void>;
}

/** @throws AppError AUDIT_UNAVAILABLE, STORE_UNAVAILABLE when nothing can be decided now */
export async function answerOf(work: Work): Promise<Answer> {
  const { services, live, event } = work;
  const lock = services.locks.onChannel(live.channel);
  if (lock !== null) {
    return answerLocked(work, lock, null);
  }
  const sender = resolveSender(services, live.channel, event);
  return sender.kind === "unknown" ? answerStranger(work) : answerKnown(work, sender);
}

/** Each sender hears a lock's words once, in a direct conversation. While everything is stopped nothing is sent at all. */
async function answerLocked(
  { services, live, claimed, event }: Work,
  lock: Lock,
  userId: string | null,
): Promise<Answer> {
  const { channel } = live;
  await services.refusals.record(`locked|${lock.id}|${channel}:${event.senderId}`, {
    event: "incident.refused",
    outcome: "denied",
    actor: userId === null ? { type: "anonymous", id: `${channel}:${event.senderId}` } : { type: "user", id: userId },
    userId: userId ?? undefined,
    channel,
    requestId: claimed.requestId,
    target: claimed.id,
    reason: lock.kind,
    because: lock.id,
  });
  const refused = "locked";
  const isTold =
    lock.kind !== "everything" && event.isDirect && (await tellOnce(services.pool, lock.id, channel, event.senderId));
  return isTold
    ? { kind: "say", text: lock.message, userId, runId: null, refused }
    : { kind: "silent", userId, refused };
}

async function answerKnown(work: Work, sender: Extract<Sender, { kind: "known" }>): Promise<Answer> {
  const { services, live, claimed, event } = work;
  const { userId } = sender;
  const principal = principalOf(live, services.policy.current(), sender, event);
  const userRole = services.policy.current().users.get(userId)?.role ?? null;
  const lock = services.locks.onMessage(principal, { userId, userRole, channel: live.channel });
  if (lock !== null) {
    return answerLocked(work, lock, userId);
  }
  const exchange = exchangeOf(claimed, principal, services.draining.signal);
  const { requestId, address } = exchange.incoming;
  return onOccasion({ requestId, address }, async () => {
    try {
      const dispatched = (await resumed(work, exchange, userId)) ?? (await give(work, exchange));
      if (dispatched.result.kind === "text") {
        const { reply } = await answerText(services, exchange, dispatched, dispatched.result.text);
        return { kind: "say", text: reply.text, userId, runId: null, refused: null };
      }
      return await answerOfRun(work, exchange, dispatched, dispatched.result.runId, userId);
    } catch (error) {
      const known = await recordedError(services, exchange, error);
      if (known.code === "AUDIT_UNAVAILABLE" || known.code === "STORE_UNAVAILABLE") {
        throw known;
      }
      return refusal(known, event, userId);
    }
  });
}

/** What a person in a direct conversation is told; a group is not told what one of it may not do, and a blocked sender nothing at all. */
function refusal(error: AppError, { isDirect }: InboundEvent, userId: string): Answer {
  const reason = error instanceof Refusal ? error.event.reason : error.code.toLowerCase();
  const isQuiet = (error.code === "FORBIDDEN" && !isDirect) || reason === "user_blocked" || error.code === "LOCKED";
  return isQuiet
    ? { kind: "silent", userId, refused: reason }
    : { kind: "say", text: error.message, userId, runId: null, refused: reason };
}

async function give({ services, live, claimed, event }: Work, exchange: Identified<Call>): Promise<Dispatched> {
  const { channel } = live;
  const parsed = parseText(event.text);
  const { senderId, conversationId, threadId } = event;
  const conversation = { senderId, conversationId, threadId, deliveryId: claimed.id };
  const facts = { channel, userId: null, parsed, idempotencyKey: claimed.id, conversation };
  if (event.attachments.length === 0) {
    return dispatch(services, exchange, facts);
  }
  // Nothing is fetched for who may not give the command at all.
  admissible(services.policy.current(), exchange.principal, { channel, command: parsed.command, userId: null });
  return dispatch(services, exchange, { ...facts, options: { files: await fetchFiles(live, event) } });
}

/** The run that this delivery has started before whoever worked on it died; null = none. It was let through and counted then. */
async function resumed(
  { services, claimed, live }: Work,
  exchange: Identified<Call>,
  userId: string,
): Promise<Dispatched | null> {
  if (claimed.attempt === 1) {
    return null;
  }
  const { principal, incoming } = exchange;
  const run = await services.db.run.findUnique({
    where: { principalId_idempotencyKey: { principalId: principal.id, idempotencyKey: claimed.id } },
    select: { id: true, roleName: true },
  });
  if (run === null) {
    return null;
  }
  const role = run.roleName ?? principal.role;
  return {
    result: { kind: "run", runId: run.id },
    decision: { allow: true, code: "allowed", because: "run", role },
    admission: { ticket: { settle: () => undefined }, states: [], headers: {} },
    received: {
      event: "message.received",
      outcome: "ok",
      actor: { type: "user", id: userId },
      userId,
      channel: live.channel,
      address: incoming.address,
      requestId: incoming.requestId,
      reason: "allowed",
    },
  };
}

async function answerOfRun(
  { services, live, claimed, event, onWaiting }: Work,
  exchange: Identified<Call>,
  dispatched: Dispatched,
  runId: string,
  userId: string,
): Promise<Answer> {
  await onWaiting(runId);
  const progress = startProgress(live, replyTargetOf(event, claimed.acceptedAt));
  const left = new AbortController();
  const stopHearing = services.draining.listen(() => left.abort());
  try {
    // Runs have limits of their own; nobody holds a connection for this one.
    const timeoutMs = Number.MAX_SAFE_INTEGER;
    const run = await services.runs.waitForEnd(runId, { timeoutMs, signal: left.signal });
    if (!isFinal(run.state)) {
      return { kind: "later" };
    }
    const { reply } = await answerRun(services, exchange, dispatched, run);
    return { kind: "say", text: reply.text, userId, runId, refused: null };
  } finally {
    stopHearing();
    await progress.end();
  }
}

/** What a client may ask for over a live connection. Each goes the way of the same request over HTTP. */
import { admissible, dispatch } from "#server/gateway/dispatch.ts";
import type { Identified } from "#server/gateway/answer.ts";
import type { Call } from "#server/gateway/exchange.ts";
import { parseText } from "#server/gateway/grammar.ts";
import { refuseLockedMessage } from "#server/gateway/locks.ts";
import { standing } from "#server/gateway/limit.ts";
import { answerAccepted, answerRun, answerText } from "#server/gateway/outcome.ts";
import { cancelRun, enterRunEvents } from "#server/gateway/runs.ts";
import type { GatewayServices } from "#server/gateway/services.ts";
import { limitsFrame, type ClientFrame, type FrameOf } from "#server/gateway/ws/frames.ts";
import type { Link } from "#server/gateway/ws/link.ts";
import { getRun } from "#server/sandbox/index.ts";
import { isFinal } from "#server/sandbox/schema.ts";

interface RequestContext {
  services: GatewayServices;
  link: Link;
  exchange: Identified<Call>;
}

/** Frames that take time; the others are answered where they arrive. */
export type RequestFrame = Exclude<ClientFrame, { type: "ping" | "unfollow" }>;

/** Ends when the request is answered, or its signal aborted. @throws Refusal / AppError as the same request over HTTP. */
export async function serveRequest(context: RequestContext, frame: RequestFrame): Promise<void> {
  switch (frame.type) {
    case "message":
      return message(context, frame);
    case "follow":
      return follow(context, frame);
    case "cancel":
      return cancel(context, frame);
    case "limits":
      return limits(context, frame);
  }
}

async function message({ services, link, exchange }: RequestContext, frame: FrameOf<"message">): Promise<void> {
  const { id, channel, user = null, text, idempotencyKey } = frame;
  const { profile, files, outputs } = frame;
  const options = { profile, files, outputs };
  const facts = { channel, userId: user, parsed: parseText(text), idempotencyKey, options };
  const dispatched = await dispatch(services, exchange, facts);
  const { result, admission } = dispatched;
  if (result.kind === "text") {
    const { reply, decision } = await answerText(services, exchange, dispatched, result.text);
    link.send({ type: "reply", id, text: reply.text, decision });
    link.send(limitsFrame(id, admission.states));
    return;
  }
  const { runId } = result;
  link.send({ type: "accepted", id, runId });
  link.send(limitsFrame(id, admission.states));
  await sendEvents({ services, link, exchange }, { id, runId, after: 0 });
  const ended = exchange.incoming.signal.aborted ? null : await getRun(services, runId);
  if (ended === null || !isFinal(ended.state)) {
    // Nobody waits any more, and the run goes on.
    await answerAccepted(services, exchange, dispatched, runId);
    link.send({ type: "done", id, runId });
    return;
  }
  const { reply, run, decision } = await answerRun(services, exchange, dispatched, ended);
  link.send({ type: "reply", id, text: reply.text, runId, run, decision });
}

async function follow(context: RequestContext, frame: FrameOf<"follow">): Promise<void> {
  const { id, runId } = frame;
  const { states } = await enterRunEvents(context.services, context.exchange, runId);
  context.link.send(limitsFrame(id, states));
  await sendEvents(context, frame);
  context.link.send({ type: "done", id, runId });
}

async function cancel({ services, link, exchange }: RequestContext, frame: FrameOf<"cancel">): Promise<void> {
  const { id, runId } = frame;
  const { admission, outcome } = await cancelRun(services, exchange, runId);
  link.send({ type: "cancel", id, runId, cancel: outcome });
  link.send(limitsFrame(id, admission.states));
}

async function limits({ services, link, exchange }: RequestContext, frame: FrameOf<"limits">): Promise<void> {
  const { id, channel, command, user = null } = frame;
  refuseLockedMessage(services, exchange.principal, { userId: user ?? exchange.principal.boundUserId, channel });
  const { counted } = admissible(services.policy.current(), exchange.principal, { channel, command, userId: user });
  link.send(limitsFrame(id, await standing(services, counted)));
}

/** No faster than the peer reads. */
async function sendEvents(
  { services, link, exchange }: RequestContext,
  { id, runId, after }: { id: string; runId: string; after: number },
): Promise<void> {
  const { signal } = exchange.incoming;
  for await (const { seq, kind, at, data } of services.runs.follow(runId, { afterSeq: after, signal })) {
    link.send({ ...data, type: "event", id, runId, seq, kind, at: at.toISOString() });
    await link.drained(signal);
  }
}

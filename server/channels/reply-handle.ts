/** How long a platform takes answers at the handle that came with a message. Pure. */
import type { InboundEvent, ReplyTarget } from "#server/channels/schema.ts";

/** The earlier of when it was sent, as the platform says, and when it was taken: a handle is never younger than that. */
export function handleSince({ sentAt }: Pick<InboundEvent, "sentAt">, acceptedAt: Date): number {
  return Math.min(sentAt ?? Number.POSITIVE_INFINITY, acceptedAt.getTime());
}

/** Where the answer to `event` goes. */
export const replyTargetOf = (event: InboundEvent, acceptedAt: Date): ReplyTarget => ({
  conversationId: event.conversationId,
  threadId: event.threadId,
  messageId: event.messageId,
  replyHandle: event.replyHandle,
  isDirect: event.isDirect,
  handleSince: handleSince(event, acceptedAt),
});

/** Whether the life of the handle is over; false where there is none. @param lifetimeMs the platform's, from `handleSince` on */
export function handleIsOver(target: ReplyTarget, now: number, lifetimeMs: number): boolean {
  return target.replyHandle !== null && now - target.handleSince >= lifetimeMs;
}

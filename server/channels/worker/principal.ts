/** Who a sender of a platform is to the policy, and the call that its message makes. */
import type { PolicySnapshot, Principal } from "#server/access/schema.ts";
import type { LiveChannel } from "#server/channels/connections.ts";
import type { Sender } from "#server/channels/identity.ts";
import type { InboundEvent } from "#server/channels/schema.ts";
import type { Claimed } from "#server/channels/worker/claim.ts";
import type { Call, Identified } from "#server/gateway/index.ts";

export function principalOf(
  live: Pick<LiveChannel, "channel" | "role">,
  policy: PolicySnapshot,
  sender: Extract<Sender, { kind: "known" }>,
  event: Pick<InboundEvent, "isDirect">,
): Principal {
  const id = `channel:${live.channel}`;
  return {
    id,
    kind: "channel",
    tokenId: null,
    ownerId: sender.userId,
    name: id,
    role: policy.users.get(sender.userId)?.role ?? live.role,
    scopes: [],
    channels: [live.channel],
    boundUserId: sender.userId,
    // A pairing was asked for in a direct conversation and lets nobody into a group.
    paired: sender.paired && event.isDirect,
  };
}

/** As the pipeline sees a message that came by a platform: no headers, and the channel for an address. */
export function exchangeOf(claimed: Claimed, principal: Principal, signal: AbortSignal): Identified<Call> {
  return {
    principal,
    incoming: {
      method: "POST",
      path: `/hooks/${claimed.channel}`,
      header: () => undefined,
      address: `channel:${claimed.channel}`,
      requestId: claimed.requestId,
      signal,
    },
  };
}

/**
 * Who a sender of a platform is here. Only the platform's immutable id counts; a name to show is never compared with anything
 * (CVE-2026-28480: whoever renames themselves to somebody's name must not become them).
 */
import type { PolicyStore } from "#server/access/index.ts";
import type { IdentityStore } from "#server/channels/identity-store.ts";
import type { InboundEvent } from "#server/channels/schema.ts";

/** `paired`: by an approved pairing, which also lets the user into direct conversations of the channel. */
export type Sender = { kind: "known"; userId: string; paired: boolean } | { kind: "unknown" };

interface SenderServices {
  policy: Pick<PolicyStore, "current">;
  identities: Pick<IdentityStore, "userOf">;
}

/**
 * An approved identity names the user. Without one a sender is itself where the policy names it for this very channel: in the channel's
 * `allowedUsers`, or in a user's record that lists the channel. An id that is a user on one platform is a stranger on every other.
 */
export function resolveSender(
  { policy, identities }: SenderServices,
  channel: string,
  { senderId }: Pick<InboundEvent, "senderId">,
): Sender {
  const { channels, users } = policy.current();
  const rules = channels.get(channel);
  if (rules?.blockedUsers.includes(senderId) === true) {
    // Under its own id, so that the policy refuses it whomever it was bound to.
    return { kind: "known", userId: senderId, paired: false };
  }
  const bound = identities.userOf(channel, senderId);
  if (bound !== undefined) {
    return { kind: "known", userId: bound, paired: true };
  }
  const record = users.get(senderId);
  const isNamed = rules?.allowedUsers.includes(senderId) === true || record?.channels?.includes(channel) === true;
  // `*` admits strangers as themselves, but nobody as a person whose record was written for another place.
  const isAdmitted = rules?.allowedUsers.includes("*") === true && record === undefined;
  return isNamed || isAdmitted ? { kind: "known", userId: senderId, paired: false } : { kind: "unknown" };
}

/** The senders that are users here: listing and removing them, and the requests that wait. */
import {
  refuseOwnUnbinding,
  refuseRoleBeyond,
  lockPolicy,
  type Grantor,
  type PolicyEditDeps,
} from "#server/access/index.ts";
import type { PolicySnapshot } from "#server/access/schema.ts";
import { recordEvents } from "#server/audit/index.ts";
import { IdentityQuery, PairingQuery, RemoveIdentity, type Identity } from "#server/channels/pairing/schema.ts";
import type { Clock } from "#server/core/clock.ts";
import type { Db } from "#server/core/db/client.ts";
import { withTx } from "#server/core/db/with-tx.ts";
import { AppError, isAppError } from "#server/core/errors.ts";
import { parseInput } from "#server/core/parse-input.ts";
import type { z } from "zod";

/** More can never be open than every channel has room for; a list is not longer than this. */
const MOST_REQUESTS = 1000;

/** Open requests, oldest first. */
export async function listPairings({ db, clock }: { db: Db; clock: Clock }, input: z.input<typeof PairingQuery> = {}) {
  const { channel } = parseInput(PairingQuery, "Pairing requests", input);
  const now = new Date(clock.now());
  const requests = await db.pairingRequest.findMany({
    where: { ...(channel === undefined ? {} : { channel }), outcome: null, expiresAt: { gt: now } },
    select: { id: true, channel: true, senderId: true, label: true, createdAt: true, expiresAt: true },
    orderBy: [{ createdAt: "asc" }, { id: "asc" }],
    take: MOST_REQUESTS,
  });
  return { now, requests };
}

/** Roles that `grantor` may give, by name. */
export function rolesToGive(policy: PolicySnapshot, grantor: Grantor): string[] {
  return [...policy.roles.keys()].sort().filter((role) => {
    try {
      refuseRoleBeyond(policy, grantor, role);
      return true;
    } catch (error) {
      if (isAppError(error)) {
        return false;
      }
      throw error;
    }
  });
}

/** Pages in the order of channel and sender. */
export async function listIdentities(
  db: Db,
  input: z.input<typeof IdentityQuery> = {},
): Promise<{ identities: Identity[]; next: { channel: string; senderId: string } | null }> {
  const { channel, userId, after, limit } = parseInput(IdentityQuery, "Identities", input);
  const found = await db.channelIdentity.findMany({
    where: {
      ...(channel === undefined ? {} : { channel }),
      ...(userId === undefined ? {} : { userId }),
      ...(after === undefined
        ? {}
        : {
            OR: [{ channel: { gt: after.channel } }, { channel: after.channel, senderId: { gt: after.senderId } }],
          }),
    },
    orderBy: [{ channel: "asc" }, { senderId: "asc" }],
    take: limit + 1,
  });
  const identities = found.slice(0, limit);
  const last = identities.at(-1);
  return {
    identities,
    next: found.length > limit && last !== undefined ? { channel: last.channel, senderId: last.senderId } : null,
  };
}

/**
 * From then on the sender is a stranger again.
 * @throws AppError NOT_FOUND; FORBIDDEN when the user can do more than the caller, or is the caller.
 */
export async function removeIdentity(
  deps: PolicyEditDeps,
  grantor: Grantor,
  input: z.input<typeof RemoveIdentity>,
): Promise<{ channel: string; senderId: string; userId: string }> {
  const { channel, senderId } = parseInput(RemoveIdentity, "Identity", input);
  return withTx(deps.db, async (tx) => {
    const policy = await lockPolicy(tx, deps.configured);
    const where = { channel_senderId: { channel, senderId } };
    const identity = await tx.channelIdentity.findUnique({ where });
    if (identity === null) {
      throw new AppError("NOT_FOUND", `No user is bound to sender "${senderId}" of channel "${channel}".`);
    }
    const { userId } = identity;
    const role = policy.users.get(userId)?.role;
    if (role !== undefined && policy.roles.has(role)) {
      refuseRoleBeyond(policy, grantor, role);
    }
    refuseOwnUnbinding(grantor, userId, policy.users.get(userId)?.memberId ?? null);
    await tx.channelIdentity.delete({ where });
    await recordEvents(tx, [
      { event: "channel.identity_removed", outcome: "ok", actor: grantor.actor, target: senderId, userId, channel },
    ]);
    return { channel, senderId, userId };
  });
}

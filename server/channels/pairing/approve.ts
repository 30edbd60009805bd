/**
 * Approval of a pairing: the sender's immutable id is bound to a user. The approver gives no more than it holds: neither a new record with a
 * role beyond its own, nor the identity of a user who can do more (CVE-2026-33579, GHSA-4jpw-hj22-2xmc). No role is ever given silently.
 */
import { lockPolicy, refuseRoleBeyond, storeUser, type Grantor } from "#server/access/index.ts";
import type { PolicySnapshot } from "#server/access/schema.ts";
import {
  actorText,
  closeRequests,
  decideByCode,
  PairingFault,
  type Approver,
  type PairingDeps,
} from "#server/channels/pairing/attempt.ts";
import { ApprovePairing, RefusePairing, type Paired } from "#server/channels/pairing/schema.ts";
import { expireRequests, lockChannel } from "#server/channels/pairing/requests.ts";
import type { Tx } from "#server/core/db/client.ts";
import { withTx } from "#server/core/db/with-tx.ts";
import { AppError, isAppError } from "#server/core/errors.ts";
import { parseInput } from "#server/core/parse-input.ts";

/**
 * Of any number of approvals of one code one succeeds.
 * @throws AppError NOT_FOUND (no such code), LOCKED_OUT, FORBIDDEN (beyond the approver), INVALID_INPUT (user or role), CONFLICT (bound already).
 */
export async function approvePairing(deps: PairingDeps, approver: Approver, input: ApprovePairing): Promise<Paired> {
  const { channel, code, userId, role: wantedRole } = parseInput(ApprovePairing, "Pairing", input);
  const { grantor } = approver;
  return decideByCode(deps, approver, { channel, code }, async (tx, request) => {
    const now = new Date(deps.clock.now());
    const policy = await lockPolicy(tx, deps.configured);
    const { role, created } = await userFor(deps, tx, policy, grantor, { userId, wantedRole, now });
    const { senderId, label } = request;
    const bound = await tx.channelIdentity.findUnique({ where: { channel_senderId: { channel, senderId } } });
    if (bound !== null) {
      throw new PairingFault(
        "identity_taken",
        new AppError(
          "CONFLICT",
          `That sender is user "${bound.userId}" already. Remove that first: openclaw pairing remove ${channel} ${senderId}`,
        ),
      );
    }
    await tx.channelIdentity.create({
      data: { channel, senderId, userId, label, approvedBy: actorText(grantor), createdAt: now },
    });
    await closeRequests(tx, channel, request, "approved", grantor, now, {
      event: "channel.pairing_approved",
      userId,
      data: { senderId, role, created },
    });
    return { channel, senderId, userId, role };
  });
}

/** The role of the user, whose record is made where there is none. */
async function userFor(
  deps: PairingDeps,
  tx: Tx,
  policy: PolicySnapshot,
  grantor: Grantor,
  { userId, wantedRole, now }: { userId: string; wantedRole: string | undefined; now: Date },
): Promise<{ role: string; created: boolean }> {
  const known = policy.users.get(userId);
  if (known !== undefined) {
    if (wantedRole !== undefined && wantedRole !== known.role) {
      const message = `User "${userId}" has the role "${known.role}" already. Leave the role out, or change the user's record first.`;
      throw new PairingFault("role_differs", new AppError("CONFLICT", message, { details: { field: "role" } }));
    }
    refuseBeyond(policy, grantor, known.role);
    return { role: known.role, created: false };
  }
  if (deps.configured.users !== undefined) {
    const message = `There is no user "${userId}". The users are written in ${deps.configFile}: add this one to security.authorization.users there, then approve.`;
    throw new PairingFault("user_unknown", new AppError("INVALID_INPUT", message, { details: { field: "userId" } }));
  }
  if (wantedRole === undefined) {
    const message = `User "${userId}" is new, so it needs a role. Name one, such as "user".`;
    throw new PairingFault("role_missing", new AppError("INVALID_INPUT", message, { details: { field: "role" } }));
  }
  refuseBeyond(policy, grantor, wantedRole);
  await storeUser(tx, now, grantor, null, {
    id: userId,
    role: wantedRole,
    channels: null,
    restriction: null,
    memberId: null,
  });
  return { role: wantedRole, created: true };
}

function refuseBeyond(policy: PolicySnapshot, grantor: Grantor, role: string): void {
  try {
    refuseRoleBeyond(policy, grantor, role);
  } catch (error) {
    if (isAppError(error)) {
      throw new PairingFault(error.code === "FORBIDDEN" ? "beyond_grant" : "role_unknown", error);
    }
    throw error;
  }
}

/**
 * Turns a request down, named by its id or its code; its sender hears nothing of it, nor anything else for the rest of the hour.
 * @throws AppError NOT_FOUND, LOCKED_OUT (codes only)
 */
export async function refusePairing(
  deps: PairingDeps,
  approver: Approver,
  input: RefusePairing,
): Promise<{ channel: string; senderId: string }> {
  const { channel, request: named } = parseInput(RefusePairing, "Pairing", input);
  const { grantor } = approver;
  const now = new Date(deps.clock.now());
  const event = { event: "channel.pairing_refused" } as const;
  if (!named.startsWith("par_")) {
    return decideByCode(deps, approver, { channel, code: named }, async (tx, request) => {
      await closeRequests(tx, channel, request, "refused", grantor, now, event);
      return { channel, senderId: request.senderId };
    });
  }
  return withTx(deps.db, async (tx) => {
    await lockChannel(tx, channel);
    await expireRequests(tx, channel, now);
    const request = await tx.pairingRequest.findFirst({ where: { id: named, channel, outcome: null } });
    if (request === null) {
      throw new AppError("NOT_FOUND", `There is no open pairing request ${named} on channel "${channel}".`);
    }
    await closeRequests(tx, channel, request, "refused", grantor, now, event);
    return { channel, senderId: request.senderId };
  });
}

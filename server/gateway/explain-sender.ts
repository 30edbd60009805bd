/** Who is imagined to send the message that is to be explained: a token of the database, or anybody with a role. */
import type { ExplainRequest, PolicySnapshot, Principal } from "#server/access/schema.ts";
import type { Db } from "#server/core/db/client.ts";
import { AppError } from "#server/core/errors.ts";
import type { Sender, UnknownSender } from "#server/gateway/explain-command.ts";
import { principalOf } from "#server/gateway/identify.ts";
import { isUsable, tokenState } from "#server/tokens/policy.ts";

/** The role `generate-token` gives when it is told none. */
const USUAL_ROLE = "user";

/** A sender that adds no limits of its own to the role. */
export function senderWithRole(role: string): Sender {
  return { principal: imagined({ id: `role "${role}"`, role }), title: `anybody with role "${role}"` };
}

/** A bot that carries the message of `userId` and takes nothing away from that user's own role. */
function senderFor(policy: PolicySnapshot, userId: string): Sender {
  const role = policy.users.get(userId)?.role;
  return role === undefined
    ? {
        ...senderWithRole(USUAL_ROLE),
        title: `a bot with role "${USUAL_ROLE}" (user "${userId}" has no record and so no role; name the bot with --token or --role)`,
      }
    : { ...senderWithRole(role), title: `a bot with the user's own role "${role}"` };
}

/** @throws AppError INVALID_INPUT when the question names neither a user nor a token nor a role. */
export async function askedSender(
  db: Db,
  policy: PolicySnapshot,
  { user, token, role }: Pick<ExplainRequest, "user" | "token" | "role">,
  now: number,
): Promise<Sender | UnknownSender> {
  if (token !== undefined) {
    return senderWithToken(db, token, now);
  }
  if (role !== undefined) {
    return senderWithRole(role);
  }
  if (user === undefined) {
    throw new AppError("INVALID_INPUT", "Say who sends the message: a user, a token or a role.", {
      details: { field: "user" },
    });
  }
  return senderFor(policy, user);
}

/** Rights as they are stored; what depends on the moment (address, attempts) is left out. */
export async function senderWithToken(db: Db, tokenId: string, now: number): Promise<Sender | UnknownSender> {
  const token = await db.token.findUnique({
    where: { id: tokenId },
    select: {
      name: true,
      ownerId: true,
      roleName: true,
      scopes: true,
      channels: true,
      userId: true,
      familyId: true,
      expiresAt: true,
      revokedAt: true,
      supersededAt: true,
    },
  });
  const because = `token "${tokenId}"`;
  if (token === null) {
    return { code: "token_unknown", because, message: `There is no token "${tokenId}".` };
  }
  const state = tokenState(token, now);
  if (!isUsable(state)) {
    const code = state === "revoked" ? "token_revoked" : "token_expired";
    return { code, because, message: `Token "${tokenId}" is ${state}: the gateway does not let it in.` };
  }
  return { principal: principalOf({ ...token, id: tokenId }), title: `token ${tokenId} (${token.name})` };
}

function imagined(known: Pick<Principal, "id" | "role"> & Partial<Principal>): Principal {
  return {
    kind: "token",
    tokenId: null,
    ownerId: "",
    name: known.id,
    scopes: [],
    channels: [],
    boundUserId: null,
    ...known,
  };
}

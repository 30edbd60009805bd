/** Who asked for a run, as it is kept with the request. */
import type { Identity } from "#server/approvals/person.ts";
import { z } from "zod";

/** The principal as it was stored; what may change is read anew. */
export const StoredPrincipal = z.object({
  id: z.string(),
  kind: z.enum(["token", "config-token", "channel"]),
  tokenId: z.string().nullable(),
  ownerId: z.string(),
  name: z.string(),
  role: z.string(),
  scopes: z.array(z.string()),
  channels: z.array(z.string()),
  boundUserId: z.string().nullable(),
  paired: z.boolean().optional(),
  /** The console member that the user was when it asked. */
  memberId: z.string().nullable().default(null),
});

/** Also of somebody who is not the same member any more: what they were when they asked counts as well. */
export function requesterOf({ userId, principal }: { userId: string | null; principal: unknown }): Identity {
  const { memberId, ...stored } = StoredPrincipal.parse(principal);
  return identityOf(stored, userId, memberId);
}

/** @param principal a channel is nobody's own: its user alone says who wrote */
export function identityOf(
  { id, kind, ownerId, boundUserId }: Pick<z.output<typeof StoredPrincipal>, "id" | "kind" | "ownerId" | "boundUserId">,
  userId: string | null,
  memberId: string | null,
): Identity {
  const isCredential = kind !== "channel";
  return {
    userId,
    principalId: isCredential ? id : null,
    ownerId: isCredential ? ownerId : null,
    boundUserId,
    memberId,
  };
}

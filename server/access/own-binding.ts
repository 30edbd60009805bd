/**
 * Threat: a member who may edit users cuts the tie between their user and themselves, asks for a run as the one and approves it as the other.
 * The tie is therefore taken away by somebody else. Pure.
 */
import type { Grantor } from "#server/access/grants.ts";
import { AppError } from "#server/core/errors.ts";

/**
 * @param memberId the member that the record names now; null = none
 * @param after the one it is to name
 * @throws AppError FORBIDDEN when that is the caller, and would be no more
 */
export function refuseOwnUnbinding(
  { actor }: Pick<Grantor, "actor">,
  userId: string,
  memberId: string | null,
  after: string | null = null,
): void {
  if (actor.type === "member" && actor.id === memberId && after !== memberId) {
    throw new AppError(
      "FORBIDDEN",
      `User memberId: "${userId}" is you. That this is one person is taken back by another administrator only, because nobody approves their own runs.`,
      { details: { reason: "own_binding", field: "memberId" } },
    );
  }
}

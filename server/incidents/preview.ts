/** What a lock would end in the database if it were set now; what servers hold open only a drill tells. */
import { countStored } from "#server/incidents/cut-stored.ts";
import { type LockKind } from "#server/incidents/policy.ts";
import type { CutCounts } from "#server/incidents/schema.ts";
import { targetOf, usersOfRole, type LockDeps } from "#server/incidents/set-lock.ts";

/** @throws AppError as `setLock` for a target that is not there. */
export async function previewLock(
  deps: LockDeps,
  { kind, target: asked }: { kind: LockKind; target: string },
): Promise<CutCounts> {
  const target = await targetOf(deps, kind, asked);
  return countStored(deps.db, { lock: { kind, target }, users: usersOfRole(deps.policy, kind, target) });
}

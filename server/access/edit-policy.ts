/**
 * The frame of every change of the database's policy: refused where the file owns the section; one at a time, on the policy as it is then,
 * so that two changes that are each harmless cannot do harm together; the change and its record in one transaction.
 */
import { refuseBeyondGrant, type Grantor } from "#server/access/grants.ts";
import { mergePolicy, type ConfiguredPolicy } from "#server/access/merge-policy.ts";
import type { PolicySnapshot } from "#server/access/schema.ts";
import { STORED_POLICY_SQL, storedPolicyOf, type StoredPolicyRow } from "#server/access/stored-policy.ts";
import type { Clock } from "#server/core/clock.ts";
import type { Db, Tx } from "#server/core/db/client.ts";
import { withTx } from "#server/core/db/with-tx.ts";
import { AppError } from "#server/core/errors.ts";

export interface PolicyEditDeps {
  db: Db;
  clock: Clock;
  /** What the configuration file says, and where it stands. */
  configured: ConfiguredPolicy;
  configFile: string;
}

/** What became of a record; `before` is null for a new one. */
export interface Saved<Record> {
  before: Record | null;
  after: Record;
}

export const SECTIONS = {
  roles: "security.authorization.roles",
  users: "security.authorization.users",
  channels: "channels",
} as const;

/** @throws AppError CONFLICT when the file owns the section. */
export async function editPolicy<T>(
  deps: PolicyEditDeps,
  section: keyof typeof SECTIONS,
  work: (tx: Tx, policy: PolicySnapshot) => Promise<T>,
): Promise<T> {
  if (deps.configured[section] !== undefined) {
    throw new AppError(
      "CONFLICT",
      `${SECTIONS[section]} is written in ${deps.configFile}: change it there, or remove it from the file to keep it in the database.`,
      { details: { section: SECTIONS[section] } },
    );
  }
  return withTx(deps.db, async (tx) => work(tx, await lockPolicy(tx, deps.configured)));
}

/** The policy as it is now, which nobody else changes before `tx` ends. */
export async function lockPolicy(tx: Tx, configured: ConfiguredPolicy): Promise<PolicySnapshot> {
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended('access-policy', 0))`;
  const rows = await tx.$queryRawUnsafe<StoredPolicyRow[]>(STORED_POLICY_SQL);
  return mergePolicy(configured, storedPolicyOf(rows));
}

/** Nobody gives, or touches, a role that can do more than they can. @throws AppError FORBIDDEN, INVALID_INPUT for an unknown role. */
export function refuseRoleBeyond(policy: PolicySnapshot, grantor: Grantor, role: string): void {
  const { userId, allowedIps, models, expiresAt } = grantor;
  refuseBeyondGrant(policy, grantor, { role, scopes: [], channels: [], userId, allowedIps, models, expiresAt });
}

export const sameContent = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

/** At most 20 of the names, and how many more there are. */
export function someOf(names: readonly string[], count = names.length): string {
  const shown = names.slice(0, 20).join(", ");
  return count > 20 ? `${shown} and ${count - 20} more` : shown;
}

/**
 * `decide`: may this principal use this command on this channel? Pure, and the only place that answers the question:
 * the live gate, explanations and tests call the same function. Denies by default; every block is checked before any allow.
 */
import { checksOf, gather, type Facts, type Finding } from "#server/access/checks.ts";
import type { AccessRequest, Decision, PolicySnapshot, Principal } from "#server/access/schema.ts";

/** The narrowest of the credential's own grant and, where its end user has a record, the user's: both must allow. */
export function decide(snapshot: PolicySnapshot, principal: Principal, request: AccessRequest): Decision {
  const facts = gather(snapshot, principal, request);
  for (const check of checksOf(snapshot)) {
    if (check.refuses(facts)) {
      return conclude(facts, check.finding(facts));
    }
  }
  return conclude(facts, null);
}

/** @param refusal the first finding that did not pass; null = all did. */
export function conclude({ snapshot, principal, user }: Facts, refusal: Finding | null): Decision {
  if (refusal !== null) {
    const { code, because, message } = refusal;
    return { allow: false, code, because, role: principal.role, message };
  }
  if (!snapshot.enabled) {
    const because = "security.authorization.enabled";
    return { allow: true, code: "authorization_disabled", because, role: principal.role };
  }
  // The role that counts in limits and in the record: the user's own where there is one.
  const role = user?.role ?? principal.role;
  return { allow: true, code: "allowed", because: `${snapshot.roles.get(role)?.source ?? "role"}.commands`, role };
}

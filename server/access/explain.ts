/** `explain`: the decision, every check behind it, and what the asker is left with. Pure; the same checks as `decide`, so the two cannot disagree. */
import { checksOf, gather, type Facts } from "#server/access/checks.ts";
import { can, PERMISSIONS } from "#server/access/permissions.ts";
import { conclude, decide } from "#server/access/policy.ts";
import type {
  AccessRequest,
  EffectiveGrant,
  Explanation,
  PolicySnapshot,
  Principal,
  TraceEntry,
} from "#server/access/schema.ts";

/** @param commands the commands that exist and the permission each needs, for `effective.commands`. */
export function explain(
  snapshot: PolicySnapshot,
  principal: Principal,
  request: AccessRequest,
  commands: readonly { name: string; permission: string }[] = [],
): Explanation {
  const facts = gather(snapshot, principal, request);
  const findings = checksOf(snapshot).flatMap((check) => {
    const found = check.finding(facts);
    return found === null ? [] : [{ check: check.name, ...found }];
  });
  const trace = findings.map(({ check, passed, because, message }): TraceEntry => ({
    check,
    passed,
    because,
    message,
  }));
  if (!snapshot.enabled) {
    const message = "Authorization is switched off: nothing but blocks is checked.";
    trace.push({ check: "authorization", passed: true, because: "security.authorization.enabled", message });
  }
  const usable = commands.filter(
    ({ name, permission }) => decide(snapshot, principal, { ...request, command: name, permission }).allow,
  );
  return {
    decision: conclude(facts, findings.find(({ passed }) => !passed) ?? null),
    trace,
    effective: { ...remaining(facts), commands: usable.map(({ name }) => name) },
  };
}

function remaining({ snapshot, principal, user }: Facts): Omit<EffectiveGrant, "commands"> {
  const { scopes, channels } = principal;
  const inScope = (permission: string): boolean => scopes.length === 0 || can(scopes, permission);
  if (!snapshot.enabled) {
    return { permissions: PERMISSIONS.filter(inScope), channels: ["*"] };
  }
  const roles = [principal.role, ...(user === undefined ? [] : [user.role])].map((name) => snapshot.roles.get(name));
  const lists = [
    ...roles.map((role) => role?.channels ?? []),
    ...(channels.length === 0 ? [] : [channels]),
    ...(user === undefined || user.channels === null ? [] : [user.channels]),
  ];
  return {
    permissions: PERMISSIONS.filter(
      (permission) =>
        inScope(permission) && roles.every((role) => role !== undefined && can(role.permissions, permission)),
    ),
    channels: [...new Set(lists.reduce(narrower))],
  };
}

/** What two lists of names have in common; `*` stands for every name. */
function narrower(one: readonly string[], other: readonly string[]): readonly string[] {
  if (one.includes("*")) {
    return other.includes("*") ? ["*"] : other;
  }
  return other.includes("*") ? one : one.filter((name) => other.includes(name));
}

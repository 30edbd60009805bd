/** Somebody must always be able to set things right: the rule about roles that hold `*`. */
import type { PolicySnapshot, RolePolicy } from "#server/access/schema.ts";
import { AppError } from "#server/core/errors.ts";

const isAdmin = (role: RolePolicy | undefined): boolean => role?.permissions.includes("*") ?? false;

/**
 * @param policy as it would be without the role (`after` undefined) or with the changed one.
 * @throws AppError CONFLICT when the built-in role, or the last one of all, would no longer hold `*`.
 */
export function refuseLosingLastAdmin(
  policy: PolicySnapshot,
  name: string,
  { builtin, after }: { builtin: boolean; after: RolePolicy | undefined },
): void {
  if (!isAdmin(policy.roles.get(name)) || isAdmin(after)) {
    return;
  }
  const others = [...policy.roles].filter(([other, role]) => other !== name && isAdmin(role));
  if (builtin || others.length === 0) {
    const why = builtin ? "is built in" : "is the last role that holds it";
    throw new AppError("CONFLICT", `Role "${name}" has to keep the permission "*": it ${why}.`, {
      details: { reason: "last_admin" },
    });
  }
}

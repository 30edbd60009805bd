export { can, isKnownPermission, isWithin, type Permission } from "#server/access/permissions.ts";
export { decide } from "#server/access/policy.ts";
export { openPolicyStore, readPolicy, type PolicyStore } from "#server/access/policy-store.ts";

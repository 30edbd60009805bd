/** Whether files, folders, roles and tokens give more than they should. */
export { accessFindings, type AccessFinding } from "#server/permissions/access-policy.ts";
export { readAccessFacts } from "#server/permissions/access-facts.ts";
export { checkHome, refuseOpenKeys } from "#server/permissions/check-home.ts";
export { repair } from "#server/permissions/repair.ts";

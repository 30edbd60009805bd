/**
 * A role's permissions as a table of resources and actions. Pure; what a cell shows is what `can` says. A role holds entries (`runs:read`, `runs:*`, `read`,
 * `*`), the table shows catalogue permissions: those that follow from a wider entry are ticked and locked.
 */
import { BUNDLE_NAMES, can, expand, PERMISSIONS, type Permission } from "#server/access/permissions.ts";

export interface Cell {
  checked: boolean;
  /** The wider entry it follows from; null = it can be changed by itself. */
  impliedBy: string | null;
}

export type GroupState = "all" | "some" | "none";

const parts = (permission: string): [string, string] => {
  const [resource = "", action = ""] = permission.split(":");
  return [resource, action];
};

export const RESOURCES: readonly string[] = [...new Set(PERMISSIONS.map((permission) => parts(permission)[0]))];

/** Actions that several resources have come first, so that the table's columns line up. */
export const ACTIONS: readonly string[] = [...new Set(PERMISSIONS.map((permission) => parts(permission)[1]))]
  .map((action) => ({ action, count: permissionsOfAction(action).length }))
  .sort((one, other) => other.count - one.count)
  .map(({ action }) => action);

/** `*` and the bundles: entries of several resources. */
export const WIDE_ENTRIES: readonly string[] = ["*", ...BUNDLE_NAMES];

export const allOf = (resource: string): string => `${resource}:*`;

export function permissionAt(resource: string, action: string): Permission | null {
  return PERMISSIONS.find((permission) => permission === `${resource}:${action}`) ?? null;
}

export function permissionsOf(resource: string): readonly Permission[] {
  return expand(allOf(resource));
}

export function permissionsOfAction(action: string): readonly Permission[] {
  return PERMISSIONS.filter((permission) => parts(permission)[1] === action);
}

/** The widest other entry that covers `wanted` (a permission, bundle or `resource:*`) whole. */
function coveredBy(entries: readonly string[], wanted: string): string | null {
  const wider = ["*", ...entries.filter((entry) => entry.endsWith(":*")), ...BUNDLE_NAMES];
  const covers = (entry: string) =>
    entry !== wanted &&
    entries.includes(entry) &&
    (entry === "*" || (!wanted.endsWith(":*") && expand(wanted).every((permission) => can([entry], permission))));
  return wider.find(covers) ?? null;
}

/** @param entry a permission, a bundle, `resource:*` or `*`. */
export function cellOf(entries: readonly string[], entry: string): Cell {
  const impliedBy = coveredBy(entries, entry);
  return { checked: impliedBy !== null || entries.includes(entry), impliedBy };
}

/** Ticks or unticks one entry; what follows from a wider one stays as it is. */
export function toggle(entries: readonly string[], entry: string, on: boolean): string[] {
  const without = entries.filter((held) => held !== entry);
  return on ? [...without, entry] : without;
}

/** Ticks all of the permissions that are not held yet, or takes away those that are held by themselves. */
export function toggleAll(entries: readonly string[], permissions: readonly string[], on: boolean): string[] {
  return on
    ? [...entries, ...permissions.filter((permission) => !can(entries, permission))]
    : entries.filter((held) => !permissions.includes(held));
}

export function groupState(entries: readonly string[], permissions: readonly string[]): GroupState {
  const held = permissions.filter((permission) => can(entries, permission)).length;
  return held === 0 ? "none" : held === permissions.length ? "all" : "some";
}

/** True when nothing of the group can be changed by itself. */
export function isLocked(entries: readonly string[], permissions: readonly string[]): boolean {
  return permissions.every((permission) => cellOf(entries, permission).impliedBy !== null);
}

/** Entries that this version does not know: they grant nothing, and are shown so that they can be taken away. */
export function unknownEntries(entries: readonly string[]): string[] {
  return entries.filter((entry) => expand(entry).length === 0);
}

/** Same entries in whatever order. */
export function sameEntries(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((entry) => other.includes(entry));
}

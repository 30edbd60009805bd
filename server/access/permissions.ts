/** The permission catalogue and the one matcher. `resource:action`, `*`, and the guide's bundles `read` and `write`. */

const READ_BUNDLE = ["status:read", "messages:read", "runs:read"] as const;
const WRITE_BUNDLE = ["messages:send", "runs:create", "runs:cancel"] as const;
const ADMINISTRATIVE = [
  "tokens:read",
  "tokens:create",
  "tokens:rotate",
  "tokens:revoke",
  "tokens:any_owner",
  "roles:read",
  "roles:write",
  "users:read",
  "users:write",
  "channels:read",
  "channels:write",
  "config:read",
  "config:write",
  "audit:read",
  "audit:export",
  "overview:read",
  "policy:explain",
  "limits:read",
  "limits:reset",
  "quarantine:read",
  "quarantine:manage",
  "backups:read",
  "backups:create",
  "backups:restore",
  "members:read",
  "members:write",
  "runs:read_all",
  "runs:cancel_all",
  "runs:approve",
  "models:call",
  "models:read",
  "monitoring:read",
  "alerts:read",
  "alerts:write",
  "keys:read",
  "keys:rotate",
  "scans:read",
  "scans:run",
  "incidents:read",
  "incidents:manage",
] as const;

/** What every console member may do without any role granting it: see to their own account. Not to be given to roles or tokens. */
export const OWN_ACCOUNT = "account:manage_own";

export const PERMISSIONS = [...READ_BUNDLE, ...WRITE_BUNDLE, ...ADMINISTRATIVE] as const;
export type Permission = (typeof PERMISSIONS)[number];

const BUNDLES = new Map<string, readonly string[]>([
  ["read", READ_BUNDLE],
  ["write", WRITE_BUNDLE],
]);
export const BUNDLE_NAMES: readonly string[] = [...BUNDLES.keys()];

/** True when one of the granted entries (permission, bundle, `resource:*` or `*`) covers `needed`. Anything unknown grants nothing. */
export function can(granted: readonly string[], needed: string): boolean {
  for (const entry of granted) {
    if (entry === "*" || entry === needed || BUNDLES.get(entry)?.includes(needed) === true) {
      return true;
    }
    if (entry.endsWith(":*") && needed.startsWith(entry.slice(0, -1))) {
      return true;
    }
  }
  return false;
}

/** The catalogue permissions behind an entry; empty for an entry that means nothing. */
export function expand(entry: string): readonly Permission[] {
  if (entry === "*") {
    return PERMISSIONS;
  }
  return PERMISSIONS.filter((permission) => can([entry], permission));
}

/** True for everything a role or token may be given: catalogue names, bundles, `resource:*` of a known resource and `*`. */
export function isKnownPermission(entry: string): boolean {
  return expand(entry).length > 0;
}

/** True when `requested` gives nothing that `held` does not give already. `*` is only within `*`: it also means what comes later. */
export function isWithin(held: readonly string[], requested: string): boolean {
  return held.includes("*") || (requested !== "*" && expand(requested).every((permission) => can(held, permission)));
}

/** What a change of entries gives and takes, as catalogue permissions: `read` in place of its three members is no change. */
export function permissionDiff(
  before: readonly string[],
  after: readonly string[],
): { gained: Permission[]; lost: Permission[] } {
  return {
    gained: PERMISSIONS.filter((permission) => can(after, permission) && !can(before, permission)),
    lost: PERMISSIONS.filter((permission) => can(before, permission) && !can(after, permission)),
  };
}

/**
 * Who makes or renews a credential gives no more than it holds. Pure.
 * Threat: a narrow token mints, or gets the secret of, a broader one (CVE-2026-33579). The one question is asked on every such path.
 */
import type { Actor } from "#server/audit/schema.ts";
import { can, isKnownPermission, isWithin, PERMISSIONS } from "#server/access/permissions.ts";
import type { PolicySnapshot, Principal } from "#server/access/schema.ts";
import { AppError } from "#server/core/errors.ts";
import { namesShown } from "#server/core/name-list.ts";
import { isNetworkWithin } from "#server/core/http/address.ts";
import { commonModels, EVERY_MODEL, isGranted, modelsOfRole } from "#server/models/policy.ts";

/** Who gives, and what it holds itself. */
export interface Grantor {
  actor: Actor;
  /** Null: bound to no role, as the operator at the command line. */
  role: string | null;
  permissions: readonly string[];
  channels: readonly string[];
  commands: readonly string[];
  /** The one end user it speaks for; null = any. */
  userId: string | null;
  /** Addresses and ranges it may come from; empty = any. */
  allowedIps: readonly string[];
  /** Models it may call, as far as its own list says; `*` = whatever its role may. */
  models: readonly string[];
  /** Models that its role may call, by `models.access`. */
  roleModels: readonly string[];
  /** Null: does not end. */
  expiresAt: Date | null;
}

/** What a credential is to be given. Empty scopes and channels mean all of the role's, empty addresses mean any, no models mean none. */
export interface Grant {
  role: string;
  scopes: readonly string[];
  channels: readonly string[];
  userId: string | null;
  allowedIps: readonly string[];
  models: readonly string[];
  expiresAt: Date | null;
}

const ALL = ["*"] as const;

/** The operator at the command line, who owns the machine. */
export function unlimitedGrantor(actor: Actor): Grantor {
  return {
    actor,
    role: null,
    permissions: ALL,
    channels: ALL,
    commands: ALL,
    userId: null,
    allowedIps: [],
    models: EVERY_MODEL,
    roleModels: EVERY_MODEL,
    expiresAt: null,
  };
}

/** What a principal holds. A role that does not exist holds nothing; `authorization.enabled: false` gives nothing on top. */
export function grantorOf(
  policy: PolicySnapshot,
  principal: Principal,
  own: Pick<Grantor, "actor" | "allowedIps" | "models" | "expiresAt">,
): Grantor {
  const role = policy.roles.get(principal.role);
  return {
    ...own,
    role: principal.role,
    permissions: commonPermissions(role?.permissions ?? [], principal.scopes),
    channels: commonNames(role?.channels ?? [], principal.channels),
    commands: role?.commands ?? [],
    roleModels: modelsOfRole(policy.modelAccess, principal.role).names,
    userId: principal.boundUserId,
  };
}

/** @throws AppError FORBIDDEN (`details.field` names the part) when `grant` exceeds what `grantor` holds, INVALID_INPUT for an unknown role. */
export function refuseBeyondGrant(policy: PolicySnapshot, grantor: Grantor, grant: Grant): void {
  const role = policy.roles.get(grant.role);
  if (role === undefined) {
    const known = [...policy.roles.keys()].join(", ");
    throw new AppError(
      "INVALID_INPUT",
      `Role "${grant.role}" does not exist. Choose one of: ${known || "none is defined"}.`,
    );
  }
  // A scope outlives an edit of its role, so the scopes themselves must be held, not only what the role leaves of them today.
  const permissions = grant.scopes.length === 0 ? role.permissions : grant.scopes;
  refuseFirst("scopes", "permission", permissions, (entry) => isHeld(grantor.permissions, entry));
  const channels = commonNames(role.channels, grant.channels);
  refuseFirst("channels", "channel", channels, (name) => holds(grantor.channels, name));
  refuseFirst("role", "command", role.commands, (name) => holds(grantor.commands, name));
  refuseFirst("role", "channel", channelsGainedByRole(policy, grantor, grant.role, channels), () => false);
  if (grantor.userId !== null && grant.userId !== grantor.userId) {
    throw beyond("user", `it speaks for user "${grantor.userId}" only. Bind the new token to that user`);
  }
  if (grantor.allowedIps.length > 0) {
    const wider = grant.allowedIps.find((range) => !isNetworkWithin(range, grantor.allowedIps));
    if (wider !== undefined || grant.allowedIps.length === 0) {
      throw beyond("allowedIps", `it is limited to ${grantor.allowedIps.join(", ")}. Name addresses within these`);
    }
  }
  const model = grant.models.find((entry) => !isGranted(grantor.models, entry));
  if (model !== undefined) {
    const own = grantor.models.length === 0 ? "no models" : `the models ${grantor.models.join(", ")}`;
    throw beyond("models", `it is limited to ${own}, which "${model}" goes beyond. Name models within these`);
  }
  refuseModelsOfRole(policy, grantor, grant);
  if (grantor.expiresAt !== null && (grant.expiresAt === null || grant.expiresAt > grantor.expiresAt)) {
    throw beyond("expires", `it ends ${grantor.expiresAt.toISOString()} itself. Ask for an earlier end`);
  }
}

/** The token's own list is one half of what it may call, its role's the other; a role brings the models of its name, whatever else it holds. */
function refuseModelsOfRole(policy: PolicySnapshot, { models, roleModels }: Grantor, grant: Grant): void {
  const { names, source } = modelsOfRole(policy.modelAccess, grant.role);
  const own = commonModels(roleModels, models);
  const excess = commonModels(names, grant.models).find((entry) => !isGranted(own, entry));
  if (excess !== undefined) {
    const held = own.length === 0 ? "no model itself" : `only ${namesShown(own)}`;
    throw beyond(
      "models",
      `with the role "${grant.role}" goes the model "${excess}" (${source}), and it may call ${held}. Choose another role, or have models.access changed`,
    );
  }
}

function refuseFirst(field: string, kind: string, wanted: readonly string[], held: (entry: string) => boolean): void {
  const excess = wanted.find((entry) => !held(entry));
  if (excess !== undefined) {
    throw beyond(field, `it does not hold the ${kind} "${excess}". Ask for less, or ask an operator`);
  }
}

function beyond(field: string, because: string): AppError {
  return new AppError("FORBIDDEN", `The caller may not give more than it holds: ${because}.`, {
    details: { reason: "beyond_grant", field },
  });
}

/** Channels whose rules admit the new role by name, but not the grantor's. */
function channelsGainedByRole(
  policy: PolicySnapshot,
  grantor: Grantor,
  roleName: string,
  channels: readonly string[],
): string[] {
  const own = grantor.role;
  if (own === null) {
    return [];
  }
  return [...policy.channels]
    .filter(([channel, { allowedRoles }]) => {
      const gained = holds(allowedRoles, roleName) && !holds(allowedRoles, own);
      return gained && holds(channels, channel);
    })
    .map(([channel]) => channel);
}

/** As `isWithin`, but a name that means nothing yet may mean something in a later version: it is within itself only. */
const isHeld = (held: readonly string[], entry: string): boolean =>
  held.includes(entry) || held.includes("*") || (isKnownPermission(entry) && isWithin(held, entry));

const holds = (held: readonly string[], name: string): boolean => held.includes("*") || held.includes(name);

/** Names that both lists cover; an empty `narrowing` narrows nothing. */
function commonNames(names: readonly string[], narrowing: readonly string[]): readonly string[] {
  if (narrowing.length === 0) {
    return names;
  }
  return names.includes("*") ? narrowing : names.filter((name) => holds(narrowing, name));
}

/** Entries that both lists cover; empty `scopes` narrow nothing. Exact for every permission of the catalogue. */
function commonPermissions(permissions: readonly string[], scopes: readonly string[]): readonly string[] {
  if (scopes.length === 0) {
    return permissions;
  }
  return [
    ...permissions.filter((entry) => isHeld(scopes, entry)),
    ...scopes.filter((entry) => isHeld(permissions, entry)),
    ...PERMISSIONS.filter((permission) => can(permissions, permission) && can(scopes, permission)),
  ];
}

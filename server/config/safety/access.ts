/** Rules about rights: authorization switched off, names that match nothing, lists that contradict each other (AUTHZ-2 to AUTHZ-4). */
import type { Finding } from "#server/config/problems.ts";
import { isLoopback } from "#server/config/safety/network.ts";
import type { Config } from "#server/config/schema.ts";

export function accessFindings(config: Config): Finding[] {
  return [...switchFindings(config), ...roleFindings(config), ...channelFindings(config), ...keyFindings(config)];
}

function switchFindings({ gateway, security }: Config): Finding[] {
  if (security.authorization.enabled) {
    return [];
  }
  const exposed = !isLoopback(gateway.bind);
  return [
    {
      severity: exposed ? "error" : "warning",
      path: ["security", "authorization", "enabled"],
      reason: exposed
        ? "may be false only while gateway.bind is a loopback address"
        : "lets every caller do everything",
      fix: "Remove the key or set it to true.",
    },
  ];
}

/** Only where the file owns the roles: else the names may live in the database. */
function roleFindings({ channels, security }: Config): Finding[] {
  const { roles, users } = security.authorization;
  if (Object.keys(roles).length === 0) {
    return [];
  }
  const unknown = (role: string): boolean => role !== "*" && !(role in roles);
  const reason = "names a role that security.authorization.roles does not define, so it never applies";
  const fix = `Define the role, or use one of: ${Object.keys(roles).join(", ")}.`;
  const used: Finding["path"][] = [
    ...Object.entries(users)
      .filter(([, user]) => unknown(user.role))
      .map(([id]) => ["security", "authorization", "users", id, "role"]),
    ...Object.entries(channels).flatMap(([channel, { permissions }]) =>
      permissions.allowedRoles.flatMap((role, index) =>
        unknown(role) ? [["channels", channel, "permissions", "allowedRoles", index]] : [],
      ),
    ),
    ...Object.keys(security.rateLimit.roleLimits)
      .filter(unknown)
      .map((role) => ["security", "rateLimit", "roleLimits", role]),
  ];
  return used.map((path) => ({ severity: "warning", path, reason, fix }));
}

function channelFindings({ channels }: Config): Finding[] {
  return Object.entries(channels).flatMap(([channel, { permissions }]) => {
    const base = ["channels", channel, "permissions"];
    const { commands, allowedUsers, allowedRoles, blockedUsers } = permissions;
    const findings: Finding[] = [
      ...bothListed(allowedUsers, blockedUsers, [...base, "allowedUsers"]),
      ...bothListed(commands.allowed ?? [], commands.blocked, [...base, "commands", "allowed"]),
    ];
    if (allowedUsers.length === 0 && allowedRoles.length === 0) {
      findings.push({
        severity: "warning",
        path: base,
        reason: "allows nobody: neither allowedUsers nor allowedRoles names anyone",
        fix: "Name users or roles that may use the channel.",
      });
    }
    return findings;
  });
}

function bothListed(allowed: readonly string[], blocked: readonly string[], path: readonly string[]): Finding[] {
  return allowed.flatMap((name, index): Finding[] =>
    blocked.includes(name)
      ? [
          {
            severity: "warning",
            path: [...path, index],
            reason: "is blocked as well, and block wins",
            fix: "Remove it from one of the two lists.",
          },
        ]
      : [],
  );
}

function keyFindings({ security }: Config): Finding[] {
  const { interval, notifyBefore } = security.keyRotation;
  return notifyBefore < interval
    ? []
    : [
        {
          severity: "error",
          path: ["security", "keyRotation", "notifyBefore"],
          reason: "must be shorter than security.keyRotation.interval",
          fix: "Lower it, or lengthen the interval.",
        },
      ];
}

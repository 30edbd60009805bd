/** Roles and tokens that give more than anybody needs (MON-6): unused, over-wide, dormant. Pure. */
import type { PolicySnapshot } from "#server/access/schema.ts";

export interface LiveToken {
  id: string;
  name: string;
  role: string;
  createdAt: Date;
  expiresAt: Date | null;
  lastUsedAt: Date | null;
}

export interface AccessFacts {
  policy: Pick<PolicySnapshot, "roles" | "users">;
  /** Names of the roles that come with the product. */
  builtIn: ReadonlySet<string>;
  /** Tokens that work. */
  tokens: readonly LiveToken[];
}

export interface AccessFinding {
  kind: "unused_role" | "wide_role" | "dormant_token" | "endless_token";
  /** `role NAME` or `token ID`. */
  subject: string;
  message: string;
  fix: string;
}

const DAY_MS = 86_400_000;
/** A token that nobody used for so long is forgotten, not needed. */
const DORMANT_DAYS = 90;

export function accessFindings({ policy, builtIn, tokens }: AccessFacts, now: Date): AccessFinding[] {
  const used = new Set([...[...policy.users.values()].map(({ role }) => role), ...tokens.map(({ role }) => role)]);
  const isWide = (role: string): boolean => policy.roles.get(role)?.permissions.includes("*") === true;
  const ofRoles = [...policy.roles.keys()].flatMap((name): AccessFinding[] => {
    if (builtIn.has(name)) {
      return [];
    }
    const findings: AccessFinding[] = [];
    if (!used.has(name)) {
      const fix = `Delete it where it is kept: ${policy.roles.get(name)?.source ?? name}.`;
      findings.push({ kind: "unused_role", subject: `role ${name}`, message: "no user and no live token has it", fix });
    }
    if (isWide(name)) {
      const fix = "Name the permissions it needs instead of *.";
      findings.push({ kind: "wide_role", subject: `role ${name}`, message: "may do everything, as admin may", fix });
    }
    return findings;
  });
  const ofTokens = tokens.flatMap(({ id, name, role, createdAt, expiresAt, lastUsedAt }): AccessFinding[] => {
    const subject = `token ${id} (${name})`;
    const fix = `Revoke it: openclaw gateway revoke-token ${id}`;
    const idleDays = Math.floor((now.getTime() - (lastUsedAt ?? createdAt).getTime()) / DAY_MS);
    if (idleDays >= DORMANT_DAYS) {
      const since = lastUsedAt === null ? "was made" : "was last used";
      return [{ kind: "dormant_token", subject, message: `${since} ${idleDays} days ago and works on`, fix }];
    }
    return expiresAt === null && isWide(role)
      ? [
          {
            kind: "endless_token",
            subject,
            message: `may do everything and never expires`,
            fix: `Give it an end: openclaw gateway rotate-token ${id} --expires 30d`,
          },
        ]
      : [];
  });
  return [...ofRoles, ...ofTokens];
}

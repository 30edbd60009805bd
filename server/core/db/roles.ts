/**
 * The least-rights login roles, one per process. What each may do is in the migrations; here they get a password and their limits.
 * Passwords are derived from the owner's, so that every machine of a fleet computes the same ones and nothing is stored.
 */
import { createHmac, scryptSync } from "node:crypto";
import type { Client } from "pg";
import { AppError } from "#server/core/errors.ts";

export const LOGIN_ROLES = { app: "openclaw_app", worker: "openclaw_worker", sealer: "openclaw_sealer" } as const;

export type LoginRole = keyof typeof LOGIN_ROLES;
export type RolePasswords = Record<LoginRole, string>;

/** Server-side ends of whatever a process forgets, in PostgreSQL's own notation. */
const ROLE_LIMITS = {
  statement_timeout: "30s",
  lock_timeout: "10s",
  idle_in_transaction_session_timeout: "30s",
} as const;

/** One password per login role, each from a slow hash: knowing one does not help to guess the owner's. */
export function deriveRolePasswords(ownerPassword: string): RolePasswords {
  const key = scryptSync(ownerPassword, "openclaw-database-roles-v1", 32, {
    N: 2 ** 15,
    r: 8,
    p: 1,
    maxmem: 64 * 1024 * 1024,
  });
  const derive = (role: LoginRole): string => createHmac("sha256", key).update(LOGIN_ROLES[role]).digest("hex");
  return { app: derive("app"), worker: derive("worker"), sealer: derive("sealer") };
}

/** Gives the login roles their password and limits, and closes the database to every other role. `client` is the owner's. */
export async function provisionRoles(client: Client, passwords: RolePasswords): Promise<void> {
  const { rows } = await client.query<{ name: string }>("SELECT current_database() AS name");
  const database = client.escapeIdentifier(rows[0]?.name ?? "");
  const statements = [`REVOKE ALL ON DATABASE ${database} FROM PUBLIC`];
  for (const role of Object.keys(LOGIN_ROLES) as LoginRole[]) {
    const name = LOGIN_ROLES[role];
    statements.push(`ALTER ROLE ${name} WITH LOGIN NOINHERIT PASSWORD ${client.escapeLiteral(passwords[role])}`);
    statements.push(`GRANT CONNECT ON DATABASE ${database} TO ${name}`);
    for (const [setting, value] of Object.entries(ROLE_LIMITS)) {
      statements.push(`ALTER ROLE ${name} SET ${setting} = '${value}'`);
    }
  }
  // Two supervisors that start together would otherwise update the same catalogue rows at once.
  await client.query("SELECT pg_advisory_lock(hashtext('openclaw-roles'))");
  try {
    await client.query(statements.join(";\n"));
  } finally {
    await client.query("SELECT pg_advisory_unlock(hashtext('openclaw-roles'))");
  }
}

/** True when the role behind `client` may make roles and set their passwords. */
export async function mayCreateRoles(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ may: boolean }>(
    "SELECT (rolsuper OR rolcreaterole) AS may FROM pg_roles WHERE rolname = current_user",
  );
  return rows[0]?.may === true;
}

/** @throws AppError("NOT_CONFIGURED") with what to do, when the roles are missing and the owner may not make them. */
export async function checkMayCreateRoles(client: Client): Promise<void> {
  const names = Object.values(LOGIN_ROLES);
  const { rowCount } = await client.query("SELECT 1 FROM pg_roles WHERE rolname = ANY($1)", [names]);
  if (rowCount === names.length || (await mayCreateRoles(client))) {
    return;
  }
  throw new AppError(
    "NOT_CONFIGURED",
    `The owner in DATABASE_URL may not make roles. Let an administrator make ${names.join(", ")} with a login and password, then set ` +
      "OPENCLAW_DATABASE_URL_APP, OPENCLAW_DATABASE_URL_WORKER and OPENCLAW_DATABASE_URL_SEALER to their connections.",
  );
}

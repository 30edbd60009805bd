/**
 * The system account PostgreSQL runs as. PostgreSQL refuses to run as root, and a break into the database must not become root:
 * when we are root the server runs as a system user without a home or a login shell.
 */
import { execFileSync } from "node:child_process";
import { AppError, messageOf } from "#server/core/errors.ts";

export interface Account {
  uid: number;
  gid: number;
}

const ACCOUNT_NAME = "openclaw-db";

export function runsAsRoot(): boolean {
  return process.getuid?.() === 0;
}

/** The account for a database owned by root's home; made when absent. @throws AppError("NOT_CONFIGURED") with the command to run. */
export function ensureDatabaseAccount(): Account {
  const known = findDatabaseAccount();
  if (known !== null) {
    return known;
  }
  try {
    execFileSync(
      "useradd",
      [
        "--system",
        "--user-group",
        "--no-create-home",
        "--home-dir",
        "/nonexistent",
        "--shell",
        "/usr/sbin/nologin",
        ACCOUNT_NAME,
      ],
      { stdio: "pipe" },
    );
  } catch (error) {
    const madeByAnother = findDatabaseAccount();
    if (madeByAnother !== null) {
      return madeByAnother;
    }
    throw new AppError(
      "NOT_CONFIGURED",
      `PostgreSQL may not run as root and the system user "${ACCOUNT_NAME}" could not be made (${messageOf(error).split("\n")[0] ?? ""}). Make it by hand, or start the gateway as an ordinary user.`,
      { cause: error },
    );
  }
  const made = findDatabaseAccount();
  if (made === null) {
    throw new AppError(
      "NOT_CONFIGURED",
      `The system user "${ACCOUNT_NAME}" is missing. Make it, or start the gateway as an ordinary user.`,
    );
  }
  return made;
}

/** The account where it was made before; null when there is none. */
export function findDatabaseAccount(): Account | null {
  try {
    const read = (flag: string): number =>
      Number(execFileSync("id", [flag, ACCOUNT_NAME], { stdio: ["ignore", "pipe", "ignore"] }).toString());
    const account = { uid: read("-u"), gid: read("-g") };
    return Number.isInteger(account.uid) && account.uid > 0 ? account : null;
  } catch {
    return null;
  }
}

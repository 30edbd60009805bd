/** One run as the console shows it: with what the caller may do about it, and the name of who stopped it. */
import { can } from "#server/access/index.ts";
import type { ConsoleSession } from "#server/auth/index.ts";
import type { Db } from "#server/core/db/client.ts";
import type { RunDetailOutput } from "#server/runs/schema.ts";
import { scopeOf } from "#server/runs/scope.ts";
import { getRunDetail, requireRun, type RunScope } from "#server/sandbox/index.ts";
import { isAppError } from "#server/core/errors.ts";

/** @throws AppError NOT_FOUND */
export async function runDetail(db: Db, session: ConsoleSession, runId: string, now: Date): Promise<RunDetailOutput> {
  const run = await getRunDetail(db, runId, await scopeOf(db, session, "runs:read_all"));
  return {
    at: now,
    run: { ...run, cancelRequestedBy: await nameOf(db, run.cancelRequestedBy) },
    mayCancel: await mayCancel(db, session, runId),
  };
}

async function mayCancel(db: Db, session: ConsoleSession, runId: string): Promise<boolean> {
  return can(session.permissions, "runs:cancel") && isInScope(db, runId, await scopeOf(db, session, "runs:cancel_all"));
}

async function isInScope(db: Db, runId: string, scope: RunScope): Promise<boolean> {
  try {
    await requireRun(db, runId, scope);
    return true;
  } catch (error) {
    if (isAppError(error) && error.code === "NOT_FOUND") {
      return false;
    }
    throw error;
  }
}

/** @param actor `type:id` */
async function nameOf(db: Db, actor: string | null): Promise<string | null> {
  if (actor?.startsWith("member:") !== true) {
    return actor;
  }
  const member = await db.member.findUnique({ where: { id: actor.slice("member:".length) }, select: { name: true } });
  return member?.name ?? actor;
}

/** Reads runs. Who may see which run is the caller's decision, expressed by `principalId`. */
import type { Db, Prisma } from "#server/core/db/client.ts";
import { afterCursor, NEWEST_FIRST, toPage } from "#server/core/db/keyset.ts";
import { AppError } from "#server/core/errors.ts";
import type { RunOpener } from "#server/sandbox/run-seal.ts";
import { SUMMARY_COLUMNS, toSummary, toView, VIEW_COLUMNS } from "#server/sandbox/run-view.ts";
import type { RunLanguage, RunState, RunSummary, RunView } from "#server/sandbox/schema.ts";

/** What reading a run's text takes. */
export interface RunReading {
  db: Db;
  runSeal: RunOpener;
}

/** Limits a read to the runs of one principal, or of any of several; absent = all runs. */
export interface RunScope {
  principalId?: string | readonly string[] | undefined;
}

/**
 * @throws AppError NOT_FOUND alike for a run that does not exist and one outside the scope, CANNOT_DECRYPT when its output was changed in the
 * database.
 */
export async function getRun({ db, runSeal }: RunReading, runId: string, scope: RunScope = {}): Promise<RunView> {
  const row = await db.run.findFirst({ where: { id: runId, ...ownedBy(scope) }, select: VIEW_COLUMNS });
  if (row === null) {
    throw runNotFound();
  }
  return toView(row, runSeal);
}

/** That there is such a run, without reading it. @throws AppError NOT_FOUND as `getRun` does. */
export async function requireRun(db: Db, runId: string, scope: RunScope = {}): Promise<void> {
  if ((await db.run.count({ where: { id: runId, ...ownedBy(scope) } })) === 0) {
    throw runNotFound();
  }
}

export const runNotFound = (): AppError =>
  new AppError("NOT_FOUND", "No such run. List your runs with GET /api/v1/runs, or with `openclaw runs list`.");

export function ownedBy(scope: RunScope): Prisma.RunWhereInput {
  const { principalId } = scope;
  if (principalId === undefined) {
    return {};
  }
  return { principalId: typeof principalId === "string" ? principalId : { in: [...principalId] } };
}

interface RunFilter {
  state?: RunState | undefined;
  userId?: string | undefined;
  channel?: string | undefined;
  language?: RunLanguage | undefined;
  profile?: string | undefined;
  agent?: string | undefined;
  /** Accepted at that time or later, and before that time. */
  since?: Date | undefined;
  until?: Date | undefined;
}

interface RunListQuery extends RunScope, RunFilter {
  /** 1…200; default 50. */
  limit?: number | undefined;
  /** `nextCursor` of the page before. */
  cursor?: string | undefined;
}

interface RunPage {
  runs: RunSummary[];
  /** Null on the last page. */
  nextCursor: string | null;
}

/** What is undefined asks for nothing. */
function matching({ state, userId, channel, language, profile, agent, since, until }: RunFilter) {
  return {
    ...(state === undefined ? {} : { state }),
    ...(userId === undefined ? {} : { userId }),
    ...(channel === undefined ? {} : { channel }),
    ...(language === undefined ? {} : { language }),
    ...(profile === undefined ? {} : { profile }),
    ...(agent === undefined ? {} : { agent }),
    ...(since === undefined && until === undefined
      ? {}
      : {
          createdAt: { ...(since === undefined ? {} : { gte: since }), ...(until === undefined ? {} : { lt: until }) },
        }),
  } satisfies Prisma.RunWhereInput;
}

/** Newest first, keyset paged: stable while runs are added. @throws AppError INVALID_INPUT for a cursor that is not ours. */
export async function listRuns(db: Db, query: RunListQuery = {}): Promise<RunPage> {
  const limit = Math.min(Math.max(query.limit ?? 50, 1), 200);
  const rows = await db.run.findMany({
    where: {
      ...ownedBy(query),
      ...matching(query),
      ...afterCursor(query.cursor),
    },
    select: SUMMARY_COLUMNS,
    orderBy: NEWEST_FIRST,
    take: limit + 1,
  });
  const { page, nextCursor } = toPage(rows, limit);
  return { runs: page.map(toSummary), nextCursor };
}

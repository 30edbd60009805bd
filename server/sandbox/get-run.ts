/** Reads runs. Who may see which run is the caller's decision, expressed by `principalId`. */
import { z } from "zod";
import type { Db, Prisma } from "#server/core/db/client.ts";
import { AppError } from "#server/core/errors.ts";
import { SUMMARY_COLUMNS, toSummary, toView, VIEW_COLUMNS } from "#server/sandbox/run-view.ts";
import type { RunState, RunSummary, RunView } from "#server/sandbox/schema.ts";

/** Limits a read to the runs of one principal; absent = all runs. */
export interface RunScope {
  principalId?: string | undefined;
}

/** @throws AppError NOT_FOUND alike for a run that does not exist and one outside the scope. */
export async function getRun(db: Db, runId: string, scope: RunScope = {}): Promise<RunView> {
  const row = await db.run.findFirst({ where: { id: runId, ...ownedBy(scope) }, select: VIEW_COLUMNS });
  if (row === null) {
    throw runNotFound();
  }
  return toView(row);
}

export const runNotFound = (): AppError =>
  new AppError("NOT_FOUND", "No such run. List your runs with GET /api/v1/runs.");

export function ownedBy(scope: RunScope): Prisma.RunWhereInput {
  return scope.principalId === undefined ? {} : { principalId: scope.principalId };
}

interface RunListQuery extends RunScope {
  state?: RunState | undefined;
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

const Cursor = z.tuple([z.iso.datetime(), z.string().min(1).max(100)]);

/** Newest first, keyset paged: stable while runs are added. @throws AppError INVALID_INPUT for a cursor that is not ours. */
export async function listRuns(db: Db, query: RunListQuery = {}): Promise<RunPage> {
  const limit = Math.min(Math.max(query.limit ?? 50, 1), 200);
  const rows = await db.run.findMany({
    where: { ...ownedBy(query), ...(query.state === undefined ? {} : { state: query.state }), ...after(query.cursor) },
    select: SUMMARY_COLUMNS,
    orderBy: [{ createdAt: "desc" }, { id: "desc" }],
    take: limit + 1,
  });
  const runs = rows.slice(0, limit).map(toSummary);
  const last = runs.at(-1);
  return { runs, nextCursor: rows.length > limit && last !== undefined ? encodeCursor(last) : null };
}

function encodeCursor(run: RunSummary): string {
  return Buffer.from(JSON.stringify([run.createdAt.toISOString(), run.id])).toString("base64url");
}

function after(cursor: string | undefined): Prisma.RunWhereInput {
  if (cursor === undefined) {
    return {};
  }
  const [createdAt, id] = decodeCursor(cursor);
  return { OR: [{ createdAt: { lt: createdAt } }, { createdAt, id: { lt: id } }] };
}

function decodeCursor(cursor: string): [Date, string] {
  try {
    const [createdAt, id] = Cursor.parse(JSON.parse(Buffer.from(cursor, "base64url").toString()));
    return [new Date(createdAt), id];
  } catch (cause) {
    throw new AppError("INVALID_INPUT", "The cursor is not one of ours. Start again without it.", { cause });
  }
}

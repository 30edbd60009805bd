/** One run with all that is known about it but what it said: that is read as events. Who may see which run is the caller's decision, as in `get-run.ts`. */
import type { Db } from "#server/core/db/client.ts";
import { ownedBy, runNotFound, type RunReading, type RunScope } from "#server/sandbox/get-run.ts";
import { SUMMARY_COLUMNS, toSummary } from "#server/sandbox/run-view.ts";
import { RunLimits, type RunDetail } from "#server/sandbox/schema.ts";

const GRANT_COLUMNS = {
  models: true,
  maxTokens: true,
  usedTokens: true,
  reservedTokens: true,
  calls: true,
  endedAt: true,
} as const;

/** @throws AppError NOT_FOUND alike for a run that does not exist and one outside the scope. */
export async function getRunDetail(db: Db, runId: string, scope: RunScope = {}): Promise<RunDetail> {
  const row = await db.run.findFirst({
    where: { id: runId, ...ownedBy(scope) },
    select: {
      ...SUMMARY_COLUMNS,
      limits: true,
      outputs: true,
      tokenId: true,
      workerId: true,
      containerId: true,
      cancelRequestedBy: true,
    },
  });
  if (row === null) {
    throw runNotFound();
  }
  const { limits, outputs, tokenId, workerId, containerId, cancelRequestedBy, ...summary } = row;
  const grant = await db.runGrant.findUnique({ where: { runId }, select: GRANT_COLUMNS });
  return {
    ...toSummary(summary),
    limits: limits === null ? null : RunLimits.parse(limits),
    outputs,
    tokenId,
    workerId,
    containerId,
    cancelRequestedBy,
    grant:
      grant === null
        ? null
        : {
            ...grant,
            maxTokens: Number(grant.maxTokens),
            usedTokens: Number(grant.usedTokens),
            reservedTokens: Number(grant.reservedTokens),
          },
  };
}

/** The program, or the question to an agent. @throws AppError NOT_FOUND as `getRunDetail` does, CANNOT_DECRYPT. */
export async function getRunCode({ db, runSeal }: RunReading, runId: string, scope: RunScope = {}): Promise<string> {
  const row = await db.run.findFirst({ where: { id: runId, ...ownedBy(scope) }, select: { code: true } });
  if (row === null) {
    throw runNotFound();
  }
  return runSeal.openText("code", runId, row.code);
}

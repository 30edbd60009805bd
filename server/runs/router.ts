/** tRPC adapter of runs. A caller sees the runs of their own tokens; `runs:read_all` and `runs:cancel_all` widen that. */
import { tracked } from "@trpc/server";
import { z } from "zod";
import { can } from "#server/access/index.ts";
import { inBatches } from "#server/runs/batches.ts";
import { runDetail } from "#server/runs/detail.ts";
import { engineCard } from "#server/runs/engine-card.ts";
import { readFileForConsole } from "#server/runs/read-file.ts";
import {
  CancelOutcome,
  EngineCard,
  RunCode,
  RunDetailOutput,
  RunEvents,
  RunFileContent,
  RunFiles,
  RunId,
  RunListInput,
  RunPage,
} from "#server/runs/schema.ts";
import { scopeOf } from "#server/runs/scope.ts";
import { getRunCode, listRunFiles, listRuns, requestCancel, requireRun } from "#server/sandbox/index.ts";
import { router } from "#server/trpc/init.ts";
import { LastEventId, live, liveOutput } from "#server/trpc/live.ts";
import { withPermission } from "#server/trpc/procedures.ts";

const OneRun = z.strictObject({ runId: RunId });
/** Events in one message at most. */
const MAX_BATCH = 500;

export const runsRouter = router({
  list: withPermission("runs", "read")
    .input(RunListInput)
    .output(RunPage)
    .query(async ({ ctx: { services, session }, input: { user, cursor, ...filter } }) => {
      const scope = await scopeOf(services.db, session, "runs:read_all");
      const page = await listRuns(services.db, { ...filter, ...scope, userId: user, cursor: cursor ?? undefined });
      return { ...page, at: new Date(services.clock.now()), ownOnly: scope.principalId !== undefined };
    }),

  byId: withPermission("runs", "read")
    .input(OneRun)
    .output(RunDetailOutput)
    .query(({ ctx: { services, session }, input: { runId } }) =>
      runDetail(services.db, session, runId, new Date(services.clock.now())),
    ),

  code: withPermission("runs", "read")
    .input(OneRun)
    .output(RunCode)
    .query(async ({ ctx: { services, session }, input: { runId } }) => ({
      code: await getRunCode(services, runId, await scopeOf(services.db, session, "runs:read_all")),
    })),

  /** All events of a run from its beginning, then as they come, until its end. */
  events: withPermission("runs", "read")
    .input(z.strictObject({ runId: RunId, lastEventId: LastEventId }))
    .output(liveOutput(RunEvents))
    .subscription(
      live(async function* ({ ctx: { services, session }, input: { runId, lastEventId }, signal, requires }) {
        await requireRun(services.db, runId, await scopeOf(services.db, session, "runs:read_all"));
        if (can(session.permissions, "runs:read_all")) {
          requires("runs:read_all");
        }
        const afterSeq = Number.parseInt(lastEventId ?? "0", 10) || 0;
        for await (const events of inBatches(services.runs.follow(runId, { afterSeq, signal }), MAX_BATCH)) {
          yield tracked(String(events.at(-1)?.seq ?? afterSeq), events);
        }
      }),
    ),

  files: withPermission("runs", "read")
    .input(OneRun)
    .output(RunFiles)
    .query(async ({ ctx: { services, session }, input: { runId } }) => {
      await requireRun(services.db, runId, await scopeOf(services.db, session, "runs:read_all"));
      return { files: await listRunFiles(services.db, runId) };
    }),

  /** Called by the route that hands the file to the browser as something to save. */
  file: withPermission("runs", "read")
    .input(z.strictObject({ runId: RunId, fileId: z.string().min(1).max(64) }))
    .output(RunFileContent)
    .query(({ ctx: { services, session, origin }, input }) => readFileForConsole(services, session, origin, input)),

  cancel: withPermission("runs", "cancel")
    .input(OneRun)
    .output(CancelOutcome)
    .mutation(async ({ ctx: { services, session, origin }, input: { runId } }) => {
      const scope = await scopeOf(services.db, session, "runs:cancel_all");
      const request = { runId, requestId: origin.requestId, ...scope };
      return { outcome: await requestCancel(services, session.actor, request) };
    }),

  engine: withPermission("runs", "read_all")
    .output(EngineCard)
    .query(({ ctx: { services } }) => engineCard(services.db, new Date(services.clock.now()))),
});

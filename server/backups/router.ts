/** tRPC adapter of backups. */
import { backupsView, requestBackupJob } from "#server/backups/request.ts";
import { ArchiveRequest, BackupJob, BackupRequest, BackupsView } from "#server/backups/schema.ts";
import { router } from "#server/trpc/init.ts";
import { withPermission } from "#server/trpc/procedures.ts";

export const backupsRouter = router({
  view: withPermission("backups", "read")
    .output(BackupsView)
    .query(({ ctx }) => backupsView(ctx.services)),
  create: withPermission("backups", "create", { stepUp: true })
    .input(BackupRequest)
    .output(BackupJob)
    .mutation(({ ctx, input }) =>
      requestBackupJob(ctx.services, ctx.session.actor, {
        kind: input.kind === "full" ? "create_full" : "create_config",
        name: null,
      }),
    ),
  verify: withPermission("backups", "create")
    .input(ArchiveRequest)
    .output(BackupJob)
    .mutation(({ ctx, input }) =>
      requestBackupJob(ctx.services, ctx.session.actor, { kind: "verify", name: input.name }),
    ),
  planRestore: withPermission("backups", "restore")
    .input(ArchiveRequest)
    .output(BackupJob)
    .mutation(({ ctx, input }) =>
      requestBackupJob(ctx.services, ctx.session.actor, { kind: "plan", name: input.name }),
    ),
});

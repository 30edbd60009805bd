/** tRPC adapter of the configuration's editor. */
import { applyEdit, checkEdit, readDocument, readHistory, rollBack, viewVersion } from "#server/configuration/edit.ts";
import { exportPolicy } from "#server/configuration/export-policy.ts";
import {
  AppliedConfig,
  ConfigCheck,
  ConfigDocument,
  ConfigHistory,
  EditedText,
  EffectiveSettings,
  PolicyExport,
  RollbackInput,
  VersionInput,
  VersionView,
} from "#server/configuration/schema.ts";
import { effectiveSettings } from "#server/configuration/settings.ts";
import { router } from "#server/trpc/init.ts";
import { withPermission } from "#server/trpc/procedures.ts";

export const configurationRouter = router({
  document: withPermission("config", "read")
    .output(ConfigDocument)
    .query(({ ctx }) => readDocument(ctx.services)),
  settings: withPermission("config", "read")
    .output(EffectiveSettings)
    .query(({ ctx }) => effectiveSettings(ctx.services.paths.configFile, ctx.services.config.current())),
  history: withPermission("config", "read")
    .output(ConfigHistory)
    .query(({ ctx }) => readHistory(ctx.services)),
  version: withPermission("config", "read")
    .input(VersionInput)
    .output(VersionView)
    .query(({ ctx, input }) => viewVersion(ctx.services, input.version)),
  exportPolicy: withPermission("config", "read")
    .output(PolicyExport)
    .query(({ ctx }) => ({
      text: exportPolicy(ctx.services.policy.current(), ctx.services.config.current().owned),
    })),
  check: withPermission("config", "write")
    .input(EditedText)
    .output(ConfigCheck)
    .mutation(({ ctx, input }) => checkEdit(ctx.services, input)),
  applyEdit: withPermission("config", "write", { stepUp: true })
    .input(EditedText)
    .output(AppliedConfig)
    .mutation(({ ctx, input }) => applyEdit(ctx.services, ctx.session.actor, input)),
  rollback: withPermission("config", "write", { stepUp: true })
    .input(RollbackInput)
    .output(AppliedConfig)
    .mutation(({ ctx, input }) => rollBack(ctx.services, ctx.session.actor, input)),
});

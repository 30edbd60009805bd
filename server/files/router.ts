/** tRPC adapter of the quarantine. Nothing here hands out what a file contains: it can only be written back, through the file-system policy. */
import { homedir } from "node:os";
import { z } from "zod";
import { deleteQuarantined } from "#server/files/quarantine-delete.ts";
import { showQuarantined } from "#server/files/quarantine-list.ts";
import { quarantinePage } from "#server/files/quarantine-page.ts";
import { recoverQuarantine } from "#server/files/quarantine-recover.ts";
import { restoreQuarantined } from "#server/files/quarantine-restore.ts";
import { fileRules, type FileRules } from "#server/files/policy.ts";
import {
  QuarantineId,
  QuarantineListInput,
  QuarantinePage,
  QuarantineView,
  RestoreInput,
  type FileSystemConfig,
} from "#server/files/schema.ts";
import type { AppServices } from "#server/services.ts";
import { router } from "#server/trpc/init.ts";
import { withPermission } from "#server/trpc/procedures.ts";

const OneFile = z.strictObject({ id: QuarantineId });

export const quarantineRouter = router({
  list: withPermission("quarantine", "read")
    .input(QuarantineListInput)
    .output(QuarantinePage)
    .query(async ({ ctx: { services }, input: { cursor, ...query } }) => ({
      ...(await quarantinePage(services.db, { ...query, cursor: cursor ?? undefined })),
      at: new Date(services.clock.now()),
    })),

  byId: withPermission("quarantine", "read")
    .input(OneFile)
    .output(QuarantineView)
    .query(({ ctx: { services }, input: { id } }) => showQuarantined(services.db, id)),

  /** Folders that the file-system policy lets a file be restored to. */
  targets: withPermission("quarantine", "manage")
    .output(z.object({ folders: z.array(z.string()) }))
    .query(({ ctx: { services } }) => ({ folders: rulesOf(services).rules.allowed.map(({ path }) => path) })),

  restore: withPermission("quarantine", "manage", { stepUp: true })
    .input(RestoreInput)
    .output(z.object({ path: z.string() }))
    .mutation(async ({ ctx: { services, session, origin }, input: { id, ...options } }) => {
      const by = { actor: session.actor, requestId: origin.requestId };
      await recoverQuarantine(services, by);
      return { path: await restoreQuarantined({ ...services, ...rulesOf(services) }, by, id, options) };
    }),

  delete: withPermission("quarantine", "manage")
    .input(OneFile)
    .output(z.object({ deleted: z.boolean() }))
    .mutation(async ({ ctx: { services, session, origin }, input: { id } }) => {
      const by = { actor: session.actor, requestId: origin.requestId };
      await recoverQuarantine(services, by);
      return { deleted: await deleteQuarantined(services, by, id) };
    }),
});

function rulesOf({ config, paths }: Pick<AppServices, "config" | "paths">): {
  rules: FileRules;
  monitoring: FileSystemConfig["monitoring"];
} {
  const { fileSystem } = config.current().config.security;
  return {
    rules: fileRules(fileSystem, { userHome: homedir(), openclawHome: paths.home }),
    monitoring: fileSystem.monitoring,
  };
}

/** tRPC adapter of roles. */
import { changePolicy } from "#server/access/console-edit.ts";
import { deleteRole } from "#server/access/delete-role.ts";
import { holdersOf } from "#server/access/holders.ts";
import { revisionOf } from "#server/access/revision.ts";
import { listRoles } from "#server/access/roles/list-roles.ts";
import { previewRole } from "#server/access/roles/preview-role.ts";
import {
  DeleteRole,
  NamedRole,
  RoleDraft,
  RoleHolders,
  RoleList,
  RolePreview,
  SavedRole,
  SaveRole,
} from "#server/access/roles/schema.ts";
import { saveRole } from "#server/access/save-role.ts";
import { sessionGrantor } from "#server/trpc/grantor.ts";
import { router } from "#server/trpc/init.ts";
import { withPermission } from "#server/trpc/procedures.ts";

export const rolesRouter = router({
  list: withPermission("roles", "read")
    .output(RoleList)
    .query(({ ctx }) => listRoles(ctx.services)),
  /** Who has a role, a few of them by name. */
  holders: withPermission("roles", "read")
    .input(NamedRole)
    .output(RoleHolders)
    .query(({ ctx: { services }, input }) =>
      holdersOf(services.db, services.policy.current(), input.name, new Date(services.clock.now())),
    ),
  preview: withPermission("roles", "read")
    .input(RoleDraft)
    .output(RolePreview)
    .query(({ ctx: { services, session }, input }) =>
      previewRole(services, sessionGrantor(services.policy.current(), session), input),
    ),
  save: withPermission("roles", "write", { stepUp: true })
    .input(SaveRole)
    .output(SavedRole)
    .mutation(({ ctx: { services, session }, input: { seen, ...edit } }) =>
      changePolicy(services, async (deps) => {
        const grantor = sessionGrantor(services.policy.current(), session);
        const { after } = await saveRole(deps, grantor, edit, seen);
        return { name: after.name, revision: revisionOf(after) };
      }),
    ),
  delete: withPermission("roles", "write", { stepUp: true })
    .input(DeleteRole)
    .output(NamedRole)
    .mutation(({ ctx: { services, session }, input: { name, seen } }) =>
      changePolicy(services, async (deps) => {
        await deleteRole(deps, sessionGrantor(services.policy.current(), session), name, seen);
        return { name };
      }),
    ),
});

/** tRPC adapter of the gateway's users. */
import { changePolicy } from "#server/access/console-edit.ts";
import { deleteUser } from "#server/access/delete-user.ts";
import { revisionOf } from "#server/access/revision.ts";
import { saveUser } from "#server/access/save-user.ts";
import { listUsers, userDetail } from "#server/access/users/list-users.ts";
import {
  DeleteUser,
  NamedUser,
  NamedUsers,
  SavedUser,
  SaveUser,
  UserActivity,
  UserDetail,
  UserPage,
  UserQuery,
} from "#server/access/users/schema.ts";
import { lastHeardOf } from "#server/audit/index.ts";
import { sessionGrantor } from "#server/trpc/grantor.ts";
import { router } from "#server/trpc/init.ts";
import { withPermission } from "#server/trpc/procedures.ts";

export const usersRouter = router({
  list: withPermission("users", "read")
    .input(UserQuery)
    .output(UserPage)
    .query(({ ctx, input }) => listUsers(ctx.services, input)),
  detail: withPermission("users", "read")
    .input(NamedUser)
    .output(UserDetail)
    .query(({ ctx, input }) => userDetail(ctx.services, input.id)),
  /** Apart from the list, which is in memory: this one asks the record. */
  activity: withPermission("users", "read")
    .input(NamedUsers)
    .output(UserActivity)
    .query(async ({ ctx: { services }, input }) => ({
      now: new Date(services.clock.now()),
      seen: await lastHeardOf(services.pool, input.ids),
    })),
  save: withPermission("users", "write", { stepUp: true })
    .input(SaveUser)
    .output(SavedUser)
    .mutation(({ ctx: { services, session }, input: { seen, ...edit } }) =>
      changePolicy(services, async (deps) => {
        const { after } = await saveUser(deps, sessionGrantor(services.policy.current(), session), edit, seen);
        return { id: after.id, revision: revisionOf(after) };
      }),
    ),
  delete: withPermission("users", "write", { stepUp: true })
    .input(DeleteUser)
    .output(NamedUser)
    .mutation(({ ctx: { services, session }, input: { id, seen } }) =>
      changePolicy(services, async (deps) => {
        await deleteUser(deps, sessionGrantor(services.policy.current(), session), id, seen);
        return { id };
      }),
    ),
});

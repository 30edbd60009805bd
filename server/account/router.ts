/** tRPC adapter of the caller's own account. */
import { Viewer } from "#server/account/schema.ts";
import { withPermission } from "#server/trpc/procedures.ts";
import { router } from "#server/trpc/init.ts";

export const accountRouter = router({
  viewer: withPermission("account", "manage_own", { enrolment: true })
    .output(Viewer)
    .query(({ ctx: { session } }) => ({
      memberId: session.memberId,
      name: session.name,
      role: session.role,
      permissions: [...session.permissions],
      secondFactor: session.secondFactor,
      expiresAt: session.expiresAt,
    })),
});

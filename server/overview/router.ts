/** tRPC adapter of the overview. */
import { OverviewStatus } from "#server/overview/schema.ts";
import { overviewStatus } from "#server/overview/service.ts";
import { withPermission } from "#server/trpc/procedures.ts";
import { router } from "#server/trpc/init.ts";

export const overviewRouter = router({
  status: withPermission("overview", "read")
    .output(OverviewStatus)
    .query(({ ctx }) => overviewStatus(ctx.services)),
});

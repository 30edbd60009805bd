/** tRPC adapter of the overview. */
import { overviewActivity, recentDenials } from "#server/overview/activity.ts";
import { consolePosture } from "#server/overview/console-posture.ts";
import { OverviewActivity, OverviewStatus, Posture, RecentDenials } from "#server/overview/schema.ts";
import { overviewStatus } from "#server/overview/service.ts";
import { withPermission } from "#server/trpc/procedures.ts";
import { router } from "#server/trpc/init.ts";

export const overviewRouter = router({
  status: withPermission("overview", "read")
    .output(OverviewStatus)
    .query(({ ctx }) => overviewStatus(ctx.services)),
  posture: withPermission("overview", "read")
    .output(Posture)
    .query(({ ctx }) => consolePosture(ctx.services)),
  activity: withPermission("overview", "read")
    .output(OverviewActivity)
    .query(({ ctx }) => overviewActivity(ctx.services)),
  denials: withPermission("audit", "read")
    .output(RecentDenials)
    .query(({ ctx }) => recentDenials(ctx.services)),
});

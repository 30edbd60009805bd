/** tRPC adapter of the measurements. */
import { metricDetail, metricsOverview } from "#server/metrics/console.ts";
import { MetricDetail, MetricInput, MetricsOverview, OverviewInput } from "#server/metrics/console-schema.ts";
import { router } from "#server/trpc/init.ts";
import { withPermission } from "#server/trpc/procedures.ts";

export const metricsRouter = router({
  overview: withPermission("monitoring", "read")
    .input(OverviewInput)
    .output(MetricsOverview)
    .query(({ ctx, input }) => metricsOverview(ctx.services, input.range)),

  detail: withPermission("monitoring", "read")
    .input(MetricInput)
    .output(MetricDetail)
    .query(({ ctx, input }) => metricDetail(ctx.services, input)),
});

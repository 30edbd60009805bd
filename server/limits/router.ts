/** tRPC adapter of the limits. */
import { ExplainRequest } from "#server/access/schema.ts";
import { explainedLimits, limitStatus, recentRefusals, resetCounter } from "#server/limits/console.ts";
import {
  CounterInput,
  CounterReset,
  LimitExplanation,
  LimitStatus,
  RefusalPage,
  RefusalsInput,
} from "#server/limits/schema.ts";
import { router } from "#server/trpc/init.ts";
import { withPermission } from "#server/trpc/procedures.ts";

export const limitsRouter = router({
  status: withPermission("limits", "read")
    .output(LimitStatus)
    .query(({ ctx }) => limitStatus(ctx.services)),

  explain: withPermission("limits", "read")
    .input(ExplainRequest)
    .output(LimitExplanation)
    .query(({ ctx, input }) => explainedLimits(ctx.services, input)),

  refusals: withPermission("limits", "read")
    .input(RefusalsInput)
    .output(RefusalPage)
    .query(({ ctx, input }) => recentRefusals(ctx.services, input.before)),

  reset: withPermission("limits", "reset")
    .input(CounterInput)
    .output(CounterReset)
    .mutation(({ ctx, input }) => resetCounter(ctx.services, ctx.session.actor, input)),
});

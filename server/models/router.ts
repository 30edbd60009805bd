/** tRPC adapter of models. No answer holds a provider's key. */
import { listCalls, modelOverview } from "#server/models/console.ts";
import { CallPage, CallsInput, ModelOverview } from "#server/models/schema.ts";
import { router } from "#server/trpc/init.ts";
import { withPermission } from "#server/trpc/procedures.ts";

export const modelsRouter = router({
  /** Providers, models with their prices, budgets with what is used, and the last day's calls by model. */
  overview: withPermission("models", "read")
    .output(ModelOverview)
    .query(({ ctx: { services } }) =>
      modelOverview(services, services.config.current().config, new Date(services.clock.now())),
    ),

  /** Calls, newest first. */
  calls: withPermission("models", "read")
    .input(CallsInput)
    .output(CallPage)
    .query(({ ctx: { services }, input }) => listCalls(services.pool, input, new Date(services.clock.now()))),
});

/** tRPC adapter of security scans. */
import { z } from "zod";
import { ScansView, ScanSummary, SuppressRequest, Suppression, UnsuppressRequest } from "#server/scan/schema.ts";
import { router } from "#server/trpc/init.ts";
import { withPermission } from "#server/trpc/procedures.ts";

export const scansRouter = router({
  view: withPermission("scans", "read")
    .output(ScansView)
    .query(({ ctx }) => ctx.services.scans.view()),
  run: withPermission("scans", "run")
    .input(z.void())
    .output(ScanSummary)
    .mutation(async ({ ctx }) => (await ctx.services.scans.run(ctx.session.actor, "console")).scan),
  suppress: withPermission("scans", "run", { stepUp: true })
    .input(SuppressRequest)
    .output(Suppression)
    .mutation(({ ctx, input }) => ctx.services.scans.suppress(ctx.session.actor, input)),
  endSuppression: withPermission("scans", "run")
    .input(UnsuppressRequest)
    .output(z.object({ ended: z.literal(true) }))
    .mutation(async ({ ctx, input }) => {
      await ctx.services.scans.endSuppression(ctx.session.actor, input.id);
      return { ended: true as const };
    }),
});

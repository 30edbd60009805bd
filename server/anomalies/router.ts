/** tRPC adapter of anomalies. */
import { acknowledgeAnomaly, listAnomalies, readAnomaly, watchStatus } from "#server/anomalies/list.ts";
import { AcknowledgeAnomaly, AnomalyList, AnomalyOf, AnomalyQuery, AnomalyView } from "#server/anomalies/schema.ts";
import { watchSettings } from "#server/anomalies/settings.ts";
import { router } from "#server/trpc/init.ts";
import { withPermission } from "#server/trpc/procedures.ts";

export const anomaliesRouter = router({
  list: withPermission("monitoring", "read")
    .input(AnomalyQuery)
    .output(AnomalyList)
    .query(async ({ ctx: { services }, input }) => ({
      anomalies: await listAnomalies(services.db, input),
      watch: await watchStatus(services.db, watchSettings(services.config.current().config)),
    })),
  byId: withPermission("monitoring", "read")
    .input(AnomalyOf)
    .output(AnomalyView)
    .query(({ ctx: { services }, input: { id } }) => readAnomaly(services.db, id)),
  acknowledge: withPermission("alerts", "write")
    .input(AcknowledgeAnomaly)
    .output(AnomalyView)
    .mutation(({ ctx: { services, session }, input }) =>
      acknowledgeAnomaly(services.db, session.actor, input, services.clock.now()),
    ),
});

/** tRPC adapter of connections to platforms and of the delivery log. */
import {
  ConnectionList,
  DeliveryDetail,
  DeliveryFilter,
  DeliveryId,
  DeliveryPage,
  NamedConnection,
  ProbeResult,
  SavedConnection,
  SendTest,
  TestSent,
} from "#server/channels/console-schema.ts";
import { getDelivery, listDeliveries, retryDelivery } from "#server/channels/deliveries.ts";
import { removeConnection, saveConnection, SaveConnection } from "#server/channels/save-connection.ts";
import { sendTestMessage, testConnection } from "#server/channels/test-connection.ts";
import { sessionGrantor } from "#server/trpc/grantor.ts";
import { router } from "#server/trpc/init.ts";
import { withPermission } from "#server/trpc/procedures.ts";

export const connectionsRouter = router({
  list: withPermission("channels", "read")
    .output(ConnectionList)
    .query(({ ctx: { services } }) => ({
      connections: services.connections
        .list()
        .map((connection) => ({ ...connection, hookPath: `/hooks/${connection.channel}` })),
      configFile: services.paths.configFile,
    })),
  save: withPermission("channels", "write", { stepUp: true })
    .input(SaveConnection)
    .output(SavedConnection)
    .mutation(async ({ ctx: { services, session }, input }) => {
      const grantor = sessionGrantor(services.policy.current(), session);
      const saved = await saveConnection(services, grantor, input, { mayRefer: false });
      await services.connections.reload();
      return saved;
    }),
  remove: withPermission("channels", "write", { stepUp: true })
    .input(NamedConnection)
    .output(NamedConnection)
    .mutation(async ({ ctx: { services, session }, input }) => {
      await removeConnection(services, sessionGrantor(services.policy.current(), session), input.channel);
      await services.connections.reload();
      return input;
    }),
  test: withPermission("channels", "write")
    .input(NamedConnection)
    .output(ProbeResult)
    .mutation(({ ctx: { services }, input }) => testConnection(services, input.channel)),
  sendTest: withPermission("channels", "write", { stepUp: true })
    .input(SendTest)
    .output(TestSent)
    .mutation(({ ctx: { services, session }, input }) => sendTestMessage(services, session.actor, input)),
  deliveries: withPermission("channels", "read")
    .input(DeliveryFilter)
    .output(DeliveryPage)
    .query(({ ctx: { services }, input }) => listDeliveries(services.db, input)),
  delivery: withPermission("channels", "read")
    .input(DeliveryId)
    .output(DeliveryDetail)
    .query(({ ctx: { services }, input }) => getDelivery(services.db, input.id)),
  retry: withPermission("channels", "write", { stepUp: true })
    .input(DeliveryId)
    .output(DeliveryId)
    .mutation(async ({ ctx: { services, session }, input }) => {
      await retryDelivery(services.db, session.actor, input.id);
      return input;
    }),
});

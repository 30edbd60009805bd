import { dehydrate, HydrationBoundary } from "@tanstack/react-query";
import { DeliveriesScreen } from "#components/deliveries/deliveries-screen.tsx";
import { makeQueryClient } from "#components/trpc/query-client.ts";
import { requirePage, serverQueries } from "#server/trpc/caller.ts";

export const metadata = { title: "Deliveries" };

export default async function DeliveriesPage() {
  const context = await requirePage();
  const queryClient = makeQueryClient();
  await queryClient.prefetchQuery(serverQueries(context, queryClient).connections.deliveries.queryOptions({}));
  return (
    <HydrationBoundary state={dehydrate(queryClient)}>
      <DeliveriesScreen />
    </HydrationBoundary>
  );
}

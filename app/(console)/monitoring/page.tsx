import { dehydrate, HydrationBoundary } from "@tanstack/react-query";
import { MonitoringScreen } from "#components/monitoring/monitoring-screen.tsx";
import { makeQueryClient } from "#components/trpc/query-client.ts";
import { requirePage, serverQueries } from "#server/trpc/caller.ts";

export const metadata = { title: "Monitoring" };

export default async function MonitoringPage() {
  const context = await requirePage();
  const queryClient = makeQueryClient();
  await queryClient.prefetchQuery(serverQueries(context, queryClient).metrics.overview.queryOptions({ range: "24h" }));
  return (
    <HydrationBoundary state={dehydrate(queryClient)}>
      <MonitoringScreen />
    </HydrationBoundary>
  );
}

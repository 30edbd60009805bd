import { dehydrate, HydrationBoundary } from "@tanstack/react-query";
import { AlertsScreen } from "#components/alerts/alerts-screen.tsx";
import { makeQueryClient } from "#components/trpc/query-client.ts";
import { requirePage, serverQueries } from "#server/trpc/caller.ts";

export const metadata = { title: "Alerts" };

export default async function AlertsPage() {
  const context = await requirePage();
  const queryClient = makeQueryClient();
  await queryClient.prefetchQuery(serverQueries(context, queryClient).alerts.list.queryOptions({ open: true }));
  return (
    <HydrationBoundary state={dehydrate(queryClient)}>
      <AlertsScreen />
    </HydrationBoundary>
  );
}

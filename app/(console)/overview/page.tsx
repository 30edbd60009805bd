import { dehydrate, HydrationBoundary } from "@tanstack/react-query";
import { OverviewScreen } from "#components/overview/overview-screen.tsx";
import { makeQueryClient } from "#components/trpc/query-client.ts";
import { requirePage, serverQueries } from "#server/trpc/caller.ts";

export const metadata = { title: "Overview" };

export default async function OverviewPage() {
  const context = await requirePage();
  const queryClient = makeQueryClient();
  await queryClient.prefetchQuery(serverQueries(context, queryClient).overview.status.queryOptions());
  return (
    <HydrationBoundary state={dehydrate(queryClient)}>
      <OverviewScreen />
    </HydrationBoundary>
  );
}

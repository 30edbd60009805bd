import { dehydrate, HydrationBoundary } from "@tanstack/react-query";
import { OverviewScreen } from "#components/overview/overview-screen.tsx";
import { makeQueryClient } from "#components/trpc/query-client.ts";
import { requirePage, serverQueries } from "#server/trpc/caller.ts";

export const metadata = { title: "Overview" };

export default async function OverviewPage() {
  const context = await requirePage();
  const queryClient = makeQueryClient();
  const { overview } = serverQueries(context, queryClient);
  await Promise.all([
    queryClient.prefetchQuery(overview.status.queryOptions()),
    queryClient.prefetchQuery(overview.activity.queryOptions()),
    queryClient.prefetchQuery(overview.posture.queryOptions()),
  ]);
  return (
    <HydrationBoundary state={dehydrate(queryClient)}>
      <OverviewScreen />
    </HydrationBoundary>
  );
}

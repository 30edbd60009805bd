import { dehydrate, HydrationBoundary } from "@tanstack/react-query";
import { ScansScreen } from "#components/scans/scans-screen.tsx";
import { makeQueryClient } from "#components/trpc/query-client.ts";
import { requirePage, serverQueries } from "#server/trpc/caller.ts";

export const metadata = { title: "Security scan" };

export default async function ScansPage() {
  const context = await requirePage();
  const queryClient = makeQueryClient();
  await queryClient.prefetchQuery(serverQueries(context, queryClient).scans.view.queryOptions());
  return (
    <HydrationBoundary state={dehydrate(queryClient)}>
      <ScansScreen />
    </HydrationBoundary>
  );
}

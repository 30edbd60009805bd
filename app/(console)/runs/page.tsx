import { dehydrate, HydrationBoundary } from "@tanstack/react-query";
import { RunsScreen } from "#components/runs/runs-screen.tsx";
import { makeQueryClient } from "#components/trpc/query-client.ts";
import { requirePage, serverQueries } from "#server/trpc/caller.ts";

export const metadata = { title: "Runs" };

export default async function RunsPage() {
  const context = await requirePage();
  const queryClient = makeQueryClient();
  const queries = serverQueries(context, queryClient);
  // The list without filters; a filtered one is read by the page itself.
  await Promise.all([
    queryClient.prefetchQuery(queries.account.viewer.queryOptions()),
    queryClient.prefetchQuery(queries.runs.list.queryOptions({})),
  ]);
  return (
    <HydrationBoundary state={dehydrate(queryClient)}>
      <RunsScreen />
    </HydrationBoundary>
  );
}

import { dehydrate, HydrationBoundary } from "@tanstack/react-query";
import { RunScreen } from "#components/runs/run-screen.tsx";
import { makeQueryClient } from "#components/trpc/query-client.ts";
import { requirePage, serverQueries } from "#server/trpc/caller.ts";

export const metadata = { title: "Run" };

export default async function RunPage({ params }: { params: Promise<{ runId: string }> }) {
  const context = await requirePage();
  const { runId } = await params;
  const queryClient = makeQueryClient();
  await queryClient.prefetchQuery(serverQueries(context, queryClient).runs.byId.queryOptions({ runId }));
  return (
    <HydrationBoundary state={dehydrate(queryClient)}>
      <RunScreen runId={runId} />
    </HydrationBoundary>
  );
}

import { dehydrate, HydrationBoundary } from "@tanstack/react-query";
import { ModelsScreen } from "#components/models/models-screen.tsx";
import { makeQueryClient } from "#components/trpc/query-client.ts";
import { requirePage, serverQueries } from "#server/trpc/caller.ts";

export const metadata = { title: "Models" };

export default async function ModelsPage() {
  const context = await requirePage();
  const queryClient = makeQueryClient();
  await queryClient.prefetchQuery(serverQueries(context, queryClient).models.overview.queryOptions());
  return (
    <HydrationBoundary state={dehydrate(queryClient)}>
      <ModelsScreen />
    </HydrationBoundary>
  );
}

import { dehydrate, HydrationBoundary } from "@tanstack/react-query";
import { PlatformsScreen } from "#components/platforms/platforms-screen.tsx";
import { makeQueryClient } from "#components/trpc/query-client.ts";
import { requirePage, serverQueries } from "#server/trpc/caller.ts";

export const metadata = { title: "Platforms" };

export default async function PlatformsPage() {
  const context = await requirePage();
  const queryClient = makeQueryClient();
  await queryClient.prefetchQuery(serverQueries(context, queryClient).connections.list.queryOptions());
  return (
    <HydrationBoundary state={dehydrate(queryClient)}>
      <PlatformsScreen />
    </HydrationBoundary>
  );
}

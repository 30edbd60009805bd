import { dehydrate, HydrationBoundary } from "@tanstack/react-query";
import { LimitsScreen } from "#components/limits/limits-screen.tsx";
import { makeQueryClient } from "#components/trpc/query-client.ts";
import { requirePage, serverQueries } from "#server/trpc/caller.ts";

export const metadata = { title: "Rate limits" };

export default async function LimitsPage() {
  const context = await requirePage();
  const queryClient = makeQueryClient();
  await queryClient.prefetchQuery(serverQueries(context, queryClient).limits.status.queryOptions());
  return (
    <HydrationBoundary state={dehydrate(queryClient)}>
      <LimitsScreen />
    </HydrationBoundary>
  );
}

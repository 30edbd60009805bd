import { dehydrate, HydrationBoundary } from "@tanstack/react-query";
import { SimulateScreen } from "#components/policy/simulate-screen.tsx";
import { makeQueryClient } from "#components/trpc/query-client.ts";
import { requirePage, serverQueries } from "#server/trpc/caller.ts";

export const metadata = { title: "Test access" };

export default async function SimulatePage() {
  const context = await requirePage();
  const queryClient = makeQueryClient();
  await queryClient.prefetchQuery(serverQueries(context, queryClient).policy.choices.queryOptions());
  return (
    <HydrationBoundary state={dehydrate(queryClient)}>
      <SimulateScreen />
    </HydrationBoundary>
  );
}

import { dehydrate, HydrationBoundary } from "@tanstack/react-query";
import { QuarantineScreen } from "#components/quarantine/quarantine-screen.tsx";
import { makeQueryClient } from "#components/trpc/query-client.ts";
import { requirePage, serverQueries } from "#server/trpc/caller.ts";

export const metadata = { title: "Quarantine" };

export default async function QuarantinePage() {
  const context = await requirePage();
  const queryClient = makeQueryClient();
  const queries = serverQueries(context, queryClient);
  await Promise.all([
    queryClient.prefetchQuery(queries.account.viewer.queryOptions()),
    queryClient.prefetchQuery(queries.quarantine.list.queryOptions({})),
  ]);
  return (
    <HydrationBoundary state={dehydrate(queryClient)}>
      <QuarantineScreen />
    </HydrationBoundary>
  );
}

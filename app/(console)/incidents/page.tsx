import { dehydrate, HydrationBoundary } from "@tanstack/react-query";
import { IncidentsScreen } from "#components/incidents/incidents-screen.tsx";
import { makeQueryClient } from "#components/trpc/query-client.ts";
import { requirePage, serverQueries } from "#server/trpc/caller.ts";

export const metadata = { title: "Incidents" };

export default async function IncidentsPage() {
  const context = await requirePage();
  const queryClient = makeQueryClient();
  await queryClient.prefetchQuery(serverQueries(context, queryClient).incidents.board.queryOptions());
  return (
    <HydrationBoundary state={dehydrate(queryClient)}>
      <IncidentsScreen />
    </HydrationBoundary>
  );
}

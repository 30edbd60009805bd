import { dehydrate, HydrationBoundary } from "@tanstack/react-query";
import { BackupsScreen } from "#components/backups/backups-screen.tsx";
import { makeQueryClient } from "#components/trpc/query-client.ts";
import { requirePage, serverQueries } from "#server/trpc/caller.ts";

export const metadata = { title: "Backups" };

export default async function BackupsPage() {
  const context = await requirePage();
  const queryClient = makeQueryClient();
  await queryClient.prefetchQuery(serverQueries(context, queryClient).backups.view.queryOptions());
  return (
    <HydrationBoundary state={dehydrate(queryClient)}>
      <BackupsScreen />
    </HydrationBoundary>
  );
}

import { dehydrate, HydrationBoundary } from "@tanstack/react-query";
import { ChannelsScreen } from "#components/channels/channels-screen.tsx";
import { makeQueryClient } from "#components/trpc/query-client.ts";
import { requirePage, serverQueries } from "#server/trpc/caller.ts";

export const metadata = { title: "Channels" };

export default async function ChannelsPage() {
  const context = await requirePage();
  const queryClient = makeQueryClient();
  await queryClient.prefetchQuery(serverQueries(context, queryClient).channels.list.queryOptions());
  return (
    <HydrationBoundary state={dehydrate(queryClient)}>
      <ChannelsScreen />
    </HydrationBoundary>
  );
}

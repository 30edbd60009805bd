import { dehydrate, HydrationBoundary } from "@tanstack/react-query";
import { KeysScreen } from "#components/keys/keys-screen.tsx";
import { makeQueryClient } from "#components/trpc/query-client.ts";
import { requirePage, serverQueries } from "#server/trpc/caller.ts";

export const metadata = { title: "Keys" };

export default async function KeysPage() {
  const context = await requirePage();
  const queryClient = makeQueryClient();
  await queryClient.prefetchQuery(serverQueries(context, queryClient).keys.list.queryOptions());
  return (
    <HydrationBoundary state={dehydrate(queryClient)}>
      <KeysScreen />
    </HydrationBoundary>
  );
}

import { dehydrate, HydrationBoundary } from "@tanstack/react-query";
import { PairingScreen } from "#components/pairing/pairing-screen.tsx";
import { makeQueryClient } from "#components/trpc/query-client.ts";
import { requirePage, serverQueries } from "#server/trpc/caller.ts";

export const metadata = { title: "Pairing" };

export default async function PairingPage() {
  const context = await requirePage();
  const queryClient = makeQueryClient();
  await queryClient.prefetchQuery(serverQueries(context, queryClient).pairing.list.queryOptions({}));
  return (
    <HydrationBoundary state={dehydrate(queryClient)}>
      <PairingScreen />
    </HydrationBoundary>
  );
}

import { dehydrate, HydrationBoundary } from "@tanstack/react-query";
import { ConfigScreen } from "#components/config/config-screen.tsx";
import { makeQueryClient } from "#components/trpc/query-client.ts";
import { requirePage, serverQueries } from "#server/trpc/caller.ts";

export const metadata = { title: "Configuration" };

export default async function ConfigurationPage() {
  const context = await requirePage();
  const queryClient = makeQueryClient();
  await queryClient.prefetchQuery(serverQueries(context, queryClient).configuration.document.queryOptions());
  return (
    <HydrationBoundary state={dehydrate(queryClient)}>
      <ConfigScreen />
    </HydrationBoundary>
  );
}

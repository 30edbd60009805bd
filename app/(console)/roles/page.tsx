import { dehydrate, HydrationBoundary } from "@tanstack/react-query";
import { RolesScreen } from "#components/roles/roles-screen.tsx";
import { makeQueryClient } from "#components/trpc/query-client.ts";
import { requirePage, serverQueries } from "#server/trpc/caller.ts";

export const metadata = { title: "Roles" };

export default async function RolesPage() {
  const context = await requirePage();
  const queryClient = makeQueryClient();
  await queryClient.prefetchQuery(serverQueries(context, queryClient).roles.list.queryOptions());
  return (
    <HydrationBoundary state={dehydrate(queryClient)}>
      <RolesScreen />
    </HydrationBoundary>
  );
}

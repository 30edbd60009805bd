import { dehydrate, HydrationBoundary } from "@tanstack/react-query";
import { UsersScreen } from "#components/users/users-screen.tsx";
import { makeQueryClient } from "#components/trpc/query-client.ts";
import { requirePage, serverQueries } from "#server/trpc/caller.ts";

export const metadata = { title: "Users" };

export default async function UsersPage() {
  const context = await requirePage();
  const queryClient = makeQueryClient();
  await queryClient.prefetchQuery(serverQueries(context, queryClient).users.list.queryOptions({}));
  return (
    <HydrationBoundary state={dehydrate(queryClient)}>
      <UsersScreen />
    </HydrationBoundary>
  );
}

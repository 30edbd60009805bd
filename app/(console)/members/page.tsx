import { dehydrate, HydrationBoundary } from "@tanstack/react-query";
import { MembersScreen } from "#components/members/members-screen.tsx";
import { makeQueryClient } from "#components/trpc/query-client.ts";
import { requirePage, serverQueries } from "#server/trpc/caller.ts";

export const metadata = { title: "Members" };

export default async function MembersPage() {
  const context = await requirePage();
  const queryClient = makeQueryClient();
  const queries = serverQueries(context, queryClient);
  await Promise.all([
    queryClient.prefetchQuery(queries.account.viewer.queryOptions()),
    queryClient.prefetchQuery(queries.members.invitations.queryOptions()),
    queryClient.prefetchInfiniteQuery(
      queries.members.list.infiniteQueryOptions({}, { getNextPageParam: ({ nextCursor }) => nextCursor ?? undefined }),
    ),
  ]);
  return (
    <HydrationBoundary state={dehydrate(queryClient)}>
      <MembersScreen />
    </HydrationBoundary>
  );
}

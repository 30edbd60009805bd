import { dehydrate, HydrationBoundary } from "@tanstack/react-query";
import { ApprovalsScreen } from "#components/approvals/approvals-screen.tsx";
import { makeQueryClient } from "#components/trpc/query-client.ts";
import { requirePage, serverQueries } from "#server/trpc/caller.ts";

export const metadata = { title: "Approvals" };

export default async function ApprovalsPage() {
  const context = await requirePage();
  const queryClient = makeQueryClient();
  await queryClient.prefetchQuery(serverQueries(context, queryClient).approvals.list.queryOptions({}));
  return (
    <HydrationBoundary state={dehydrate(queryClient)}>
      <ApprovalsScreen />
    </HydrationBoundary>
  );
}

import { dehydrate, HydrationBoundary } from "@tanstack/react-query";
import { AuditScreen } from "#components/audit/audit-screen.tsx";
import { makeQueryClient } from "#components/trpc/query-client.ts";
import { requirePage, serverQueries } from "#server/trpc/caller.ts";

export const metadata = { title: "Audit log" };

export default async function AuditPage() {
  const context = await requirePage();
  const queryClient = makeQueryClient();
  await queryClient.prefetchQuery(serverQueries(context, queryClient).audit.chain.queryOptions());
  return (
    <HydrationBoundary state={dehydrate(queryClient)}>
      <AuditScreen />
    </HydrationBoundary>
  );
}

import { dehydrate, HydrationBoundary } from "@tanstack/react-query";
import { listInputOf } from "#components/tokens/list-input.ts";
import { TokensScreen } from "#components/tokens/tokens-screen.tsx";
import { makeQueryClient } from "#components/trpc/query-client.ts";
import { requirePage, serverQueries } from "#server/trpc/caller.ts";

export const metadata = { title: "Tokens" };

interface PageProps {
  searchParams: Promise<Record<string, string | string[] | undefined>>;
}

export default async function TokensPage({ searchParams }: PageProps) {
  const context = await requirePage();
  const queryClient = makeQueryClient();
  const queries = serverQueries(context, queryClient);
  await Promise.all([
    queryClient.prefetchQuery(queries.tokens.settings.queryOptions()),
    queryClient.prefetchQuery(queries.tokens.list.queryOptions(listInputOf(await searchParams))),
  ]);
  return (
    <HydrationBoundary state={dehydrate(queryClient)}>
      <TokensScreen />
    </HydrationBoundary>
  );
}

import { dehydrate, HydrationBoundary } from "@tanstack/react-query";
import { AccountScreen } from "#components/account/account-screen.tsx";
import { makeQueryClient } from "#components/trpc/query-client.ts";
import { requirePage, serverQueries } from "#server/trpc/caller.ts";

export const metadata = { title: "Account" };

export default async function AccountPage() {
  const context = await requirePage();
  const queryClient = makeQueryClient();
  const { account } = serverQueries(context, queryClient);
  await Promise.all([
    queryClient.prefetchQuery(account.viewer.queryOptions()),
    queryClient.prefetchQuery(account.passkeys.queryOptions()),
    queryClient.prefetchQuery(account.sessions.queryOptions()),
  ]);
  return (
    <HydrationBoundary state={dehydrate(queryClient)}>
      <AccountScreen />
    </HydrationBoundary>
  );
}

import { dehydrate, HydrationBoundary } from "@tanstack/react-query";
import { NuqsAdapter } from "nuqs/adapters/next/app";
import type { ReactNode } from "react";
import { ConsoleShell } from "#components/layout/console-shell.tsx";
import { TrpcProvider } from "#components/trpc/provider.tsx";
import { makeQueryClient } from "#components/trpc/query-client.ts";
import { Toaster } from "#components/ui/toaster.tsx";
import { requirePage, serverQueries } from "#server/trpc/caller.ts";

/**
 * The frame only. Each page checks the session itself: a layout is not run again when the page inside it changes. It asks who is there all
 * the same, so that the menu is in the first answer.
 */
export default async function ConsoleLayout({ children }: { children: ReactNode }) {
  const context = await requirePage();
  const queryClient = makeQueryClient();
  const queries = serverQueries(context, queryClient);
  await Promise.all([
    queryClient.prefetchQuery(queries.account.viewer.queryOptions()),
    queryClient.prefetchQuery(queries.incidents.banner.queryOptions()),
  ]);
  return (
    <NuqsAdapter>
      <TrpcProvider>
        <HydrationBoundary state={dehydrate(queryClient)}>
          <ConsoleShell>{children}</ConsoleShell>
          <Toaster />
        </HydrationBoundary>
      </TrpcProvider>
    </NuqsAdapter>
  );
}

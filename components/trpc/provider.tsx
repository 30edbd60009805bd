"use client";

import { QueryClientProvider } from "@tanstack/react-query";
import { createTRPCClient, httpBatchLink } from "@trpc/client";
import { createTRPCContext } from "@trpc/tanstack-react-query";
import { useEffect, useState, type ReactNode } from "react";
import superjson from "superjson";
import { loadPage } from "#components/shared/load-page.ts";
import { createActivityMonitor } from "#components/trpc/activity.ts";
import { httpStatusOf, makeQueryClient } from "#components/trpc/query-client.ts";
import { ACTIVE_HEADER } from "#server/auth/policy.ts";
import type { AppRouter } from "#server/trpc/root.ts";

const { TRPCProvider, useTRPC } = createTRPCContext<AppRouter>();
export { useTRPC };

/** The server refuses larger batches. */
const MAX_BATCH = 10;

export function TrpcProvider({ children }: { children: ReactNode }) {
  const [activity] = useState(createActivityMonitor);
  const [queryClient] = useState(() =>
    makeQueryClient((error) => {
      if (httpStatusOf(error) === 401) {
        loadPage("/setup?ended");
      }
    }),
  );
  const [trpcClient] = useState(() =>
    createTRPCClient<AppRouter>({
      links: [
        httpBatchLink({
          url: "/api/trpc",
          transformer: superjson,
          maxItems: MAX_BATCH,
          headers: () => (activity.isPresent() ? { [ACTIVE_HEADER]: "1" } : {}),
        }),
      ],
    }),
  );
  useEffect(() => activity.start(), [activity]);

  return (
    <QueryClientProvider client={queryClient}>
      <TRPCProvider trpcClient={trpcClient} queryClient={queryClient}>
        {children}
      </TRPCProvider>
    </QueryClientProvider>
  );
}

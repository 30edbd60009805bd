"use client";

import { MutationCache, QueryClientProvider } from "@tanstack/react-query";
import { createTRPCClient, httpBatchLink, httpSubscriptionLink, splitLink } from "@trpc/client";
import { useEffect, useState, type ReactNode } from "react";
import superjson from "superjson";
import { loadPage } from "#components/shared/load-page.ts";
import { createActivityMonitor } from "#components/trpc/activity.ts";
import { TRPCProvider, useTRPC, useTRPCClient } from "#components/trpc/context.ts";
import { enrolPath, sessionEndedPath } from "#components/trpc/paths.ts";
import { appCodeOf, httpStatusOf, makeQueryClient } from "#components/trpc/query-client.ts";
import { StepUpHost } from "#components/trpc/step-up-host.tsx";
import { stepUpLink } from "#components/trpc/step-up.ts";
import { ACTIVE_HEADER } from "#server/auth/policy.ts";
import type { AppRouter } from "#server/trpc/root.ts";

export { useTRPC, useTRPCClient };

/** The server refuses larger batches. */
const MAX_BATCH = 10;
const URL_PATH = "/api/trpc";

export function TrpcProvider({ children }: { children: ReactNode }) {
  const [activity] = useState(createActivityMonitor);
  const [queryClient] = useState(() => makeQueryClient(leaveIfShutOut, new MutationCache({ onError: leaveIfShutOut })));
  const [trpcClient] = useState(() =>
    createTRPCClient<AppRouter>({
      links: [
        stepUpLink,
        splitLink({
          condition: ({ type }) => type === "subscription",
          // Server-sent events: ids are kept by the link, so that a broken connection goes on where it stopped.
          true: httpSubscriptionLink({ url: URL_PATH, transformer: superjson }),
          false: httpBatchLink({
            url: URL_PATH,
            transformer: superjson,
            maxItems: MAX_BATCH,
            headers: () => (activity.isPresent() ? { [ACTIVE_HEADER]: "1" } : {}),
          }),
        }),
      ],
    }),
  );
  useEffect(() => activity.start(), [activity]);

  return (
    <QueryClientProvider client={queryClient}>
      <TRPCProvider trpcClient={trpcClient} queryClient={queryClient}>
        {children}
        <StepUpHost />
      </TRPCProvider>
    </QueryClientProvider>
  );
}

/** Goes where a visitor without a session, or without the second factor that the role asks for, can go on. */
function leaveIfShutOut(error: Error): void {
  if (httpStatusOf(error) === 401) {
    loadPage(sessionEndedPath());
  } else if (appCodeOf(error) === "MFA_REQUIRED") {
    loadPage(enrolPath());
  }
}

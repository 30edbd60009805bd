"use client";

import { useSubscription } from "@trpc/tanstack-react-query";
import { useState, useSyncExternalStore } from "react";
import { createRunEventsStore, type RunEventsSnapshot } from "#components/runs/run-events-store.ts";
import { loadPage } from "#components/shared/load-page.ts";
import { sessionEndedPath } from "#components/trpc/paths.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { httpStatusOf } from "#components/trpc/query-client.ts";

export interface LiveRunEvents extends RunEventsSnapshot {
  connection: "connecting" | "live" | "broken";
  error: Error | null;
  /** Connects again after a failure that is not retried by itself. */
  retry: () => void;
}

/** Follows one run from its beginning. Give the component that calls it the run's id as `key`. */
export function useRunEvents(runId: string): LiveRunEvents {
  const trpc = useTRPC();
  const [store] = useState(createRunEventsStore);
  const snapshot = useSyncExternalStore(store.subscribe, store.read, store.read);
  const { status, error, reset } = useSubscription(
    trpc.runs.events.subscriptionOptions(
      { runId },
      {
        onData: ({ data }) => store.append(data),
        onError: (failure) => {
          if (httpStatusOf(failure) === 401) {
            loadPage(sessionEndedPath());
          }
        },
      },
    ),
  );
  return {
    ...snapshot,
    connection: status === "error" ? "broken" : status === "connecting" && !snapshot.ended ? "connecting" : "live",
    error: error instanceof Error ? error : null,
    retry: reset,
  };
}

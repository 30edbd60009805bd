"use client";

import { useQueryClient } from "@tanstack/react-query";
import { toast } from "#components/shared/toast.ts";
import { useTRPC } from "#components/trpc/provider.tsx";

/** What follows a change here: a word, and everything about incidents is read again. */
export function useIncidentChange(): (notice: string) => Promise<void> {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  return (notice) => {
    toast(notice);
    return queryClient.invalidateQueries(trpc.incidents.pathFilter());
  };
}

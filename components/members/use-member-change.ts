"use client";

import { useQueryClient } from "@tanstack/react-query";
import { toast } from "#components/shared/toast.ts";
import { useTRPC } from "#components/trpc/provider.tsx";

/** Says what was done and reads everything about members again. */
export function useMemberChange(): (notice: string) => Promise<void> {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  return async (notice) => {
    toast(notice);
    await queryClient.invalidateQueries(trpc.members.pathFilter());
  };
}

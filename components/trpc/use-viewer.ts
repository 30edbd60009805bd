"use client";

import { useQuery } from "@tanstack/react-query";
import { useTRPC } from "#components/trpc/provider.tsx";
import { can } from "#server/access/permissions.ts";
import type { Viewer } from "#server/account/schema.ts";

const VIEWER_STALE_MS = 30_000;

/** Who is signed in; undefined until it is known. */
export function useViewer(): Viewer | undefined {
  const trpc = useTRPC();
  return useQuery(trpc.account.viewer.queryOptions(undefined, { staleTime: VIEWER_STALE_MS })).data;
}

/** Whether the screen should offer what needs `permission`. The server decides anyway; until the viewer is known nothing is offered. */
export function useCan(): (permission: string) => boolean {
  const viewer = useViewer();
  return (permission) => viewer !== undefined && can(viewer.permissions, permission);
}

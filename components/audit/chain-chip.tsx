"use client";

import { useQuery } from "@tanstack/react-query";
import dynamic from "next/dynamic";
import { useState } from "react";
import { useTRPC } from "#components/trpc/provider.tsx";
import { Button } from "#components/ui/button.tsx";
import { StatusBadge, type Status } from "#components/ui/status-badge.tsx";
import type { ChainStatus } from "#server/audit/console/schema.ts";

const ChainPanel = dynamic(async () => (await import("#components/audit/chain-panel.tsx")).ChainPanel);

const REFRESH_MS = 10_000;
const RUNNING_MS = 500;
/** A checkpoint is signed within ten seconds; one that is this late is not coming. */
const LATE_MS = 5 * 60_000;

function statusOf({ verification, waiting, uncoveredSince }: ChainStatus): { status: Status; text: string } {
  switch (verification?.state) {
    case "running":
      return { status: "busy", text: "Checking" };
    case "tampered":
      return { status: "failed", text: "Tampered with" };
    case undefined:
    case "failed":
    case "sound":
  }
  if (uncoveredSince !== null && Date.now() - uncoveredSince.getTime() > LATE_MS) {
    return { status: "warning", text: "Checkpoint late" };
  }
  if (waiting > 1_000) {
    return { status: "warning", text: "Sealer behind" };
  }
  return verification?.state === "sound"
    ? { status: "ok", text: "Chain verified" }
    : { status: "ok", text: "Chain sealed" };
}

/** Whether the record can be trusted, at a glance; the panel says what is proven and how to check it elsewhere. */
export function ChainChip() {
  const trpc = useTRPC();
  const [open, setOpen] = useState(false);
  const { data } = useQuery(
    trpc.audit.chain.queryOptions(undefined, {
      refetchInterval: ({ state }) => (state.data?.verification?.state === "running" ? RUNNING_MS : REFRESH_MS),
    }),
  );
  if (data === undefined) {
    return null;
  }
  const { status, text } = statusOf(data);
  return (
    <>
      <Button
        variant="ghost"
        size="sm"
        onClick={() => setOpen(true)}
        aria-haspopup="dialog"
        title="What proves this record"
      >
        <StatusBadge status={status}>{text}</StatusBadge>
      </Button>
      {open && <ChainPanel chain={data} onClose={() => setOpen(false)} />}
    </>
  );
}

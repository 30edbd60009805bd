"use client";

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { SquareIcon } from "lucide-react";
import { useState } from "react";
import { toast } from "#components/shared/toast.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { Button } from "#components/ui/button.tsx";
import { ConfirmDialog } from "#components/ui/confirm-dialog.tsx";
import type { RunDetailOutput } from "#server/runs/schema.ts";

const TOLD = {
  requested: "Stop requested",
  already_requested: "Somebody has asked for it before",
  already_final: "The run had ended before",
} as const;

/** Asks for the end of a run. Until the run has really ended, the button says that it is being stopped. */
export function StopRun({ run }: { run: RunDetailOutput["run"] }) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const [asking, setAsking] = useState(false);
  const cancel = useMutation(
    trpc.runs.cancel.mutationOptions({
      onSuccess: async ({ outcome }) => {
        await queryClient.invalidateQueries({ queryKey: trpc.runs.byId.queryKey({ runId: run.id }) });
        setAsking(false);
        toast(TOLD[outcome]);
      },
    }),
  );
  const stopping = run.cancelRequestedAt !== null;
  return (
    <>
      <Button variant="destructive-outline" disabled={stopping} onClick={() => setAsking(true)}>
        <SquareIcon aria-hidden />
        {stopping ? "Stopping …" : "Stop run"}
      </Button>
      <ConfirmDialog
        open={asking}
        onOpenChange={(open) => {
          setAsking(open);
          cancel.reset();
        }}
        title={`Stop run ${run.id}?`}
        consequence="Its container is ended within two seconds and its output so far is kept. It cannot be continued. That you stopped it is on record."
        confirmLabel="Stop run"
        busy={cancel.isPending}
        error={cancel.error}
        onConfirm={() => cancel.mutate({ runId: run.id })}
      />
    </>
  );
}

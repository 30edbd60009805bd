"use client";

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { subjectText } from "#components/limits/counter-parts.tsx";
import { toast } from "#components/shared/toast.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { ConfirmDialog } from "#components/ui/confirm-dialog.tsx";
import type { LimitCounterView } from "#server/limits/schema.ts";

export function ResetDialog({ counter, onClose }: { counter: LimitCounterView; onClose: () => void }) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const who = subjectText(counter);
  const reset = useMutation(
    trpc.limits.reset.mutationOptions({
      onSuccess: ({ counted }) => {
        void queryClient.invalidateQueries(trpc.limits.pathFilter());
        toast(counted ? `Counter of ${who} reset` : `Nothing was counted of ${who} any more`);
        onClose();
      },
    }),
  );
  return (
    <ConfirmDialog
      open
      onOpenChange={onClose}
      title={`Reset the counter of “${who}”?`}
      consequence={`The ${counter.used} requests counted by ${counter.source} are forgotten, so up to ${counter.max} more can come at once. Other limits go on counting. It is recorded.`}
      confirmLabel="Reset counter"
      busy={reset.isPending}
      error={reset.error}
      onConfirm={() => reset.mutate({ source: counter.source, key: counter.key })}
    />
  );
}

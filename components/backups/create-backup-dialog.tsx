"use client";

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { toast } from "#components/shared/toast.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { ConfirmDialog } from "#components/ui/confirm-dialog.tsx";
import { Field } from "#components/ui/field.tsx";
import { Select } from "#components/ui/select.tsx";

export function CreateBackupDialog({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const [kind, setKind] = useState<"config" | "full">("config");
  const create = useMutation(
    trpc.backups.create.mutationOptions({
      onSuccess: async () => {
        toast("Backup requested");
        onOpenChange(false);
        await queryClient.invalidateQueries(trpc.backups.pathFilter());
      },
    }),
  );
  return (
    <ConfirmDialog
      open={open}
      onOpenChange={(isOpen) => {
        onOpenChange(isOpen);
        create.reset();
      }}
      title="Create backup now?"
      consequence="The supervisor of this gateway makes it, while everything goes on running. You can leave the page meanwhile."
      confirmLabel="Create backup"
      harmless
      busy={create.isPending}
      error={create.error ?? null}
      onConfirm={() => create.mutate({ kind })}
    >
      <Field label="What it holds">
        <Select value={kind} onChange={(event) => setKind(event.target.value === "full" ? "full" : "config")}>
          <option value="config">Configuration, policy and keys (seconds)</option>
          <option value="full">Everything, with runs, the record and the quarantine</option>
        </Select>
      </Field>
    </ConfirmDialog>
  );
}

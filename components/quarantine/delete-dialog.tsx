"use client";

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { plainText } from "#components/shared/plain-text.ts";
import { toast } from "#components/shared/toast.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { ConfirmDialog } from "#components/ui/confirm-dialog.tsx";
import type { QuarantineView } from "#server/files/schema.ts";

interface DeleteDialogProps {
  file: QuarantineView;
  open: boolean;
  onClose: () => void;
}

export function DeleteDialog({ file, open, onClose }: DeleteDialogProps) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const remove = useMutation(
    trpc.quarantine.delete.mutationOptions({
      onSuccess: async ({ deleted }) => {
        await queryClient.invalidateQueries({ queryKey: trpc.quarantine.pathKey() });
        onClose();
        toast(deleted ? "Content deleted" : "The content had been deleted before");
      },
    }),
  );
  return (
    <ConfirmDialog
      open={open}
      onOpenChange={(next) => {
        remove.reset();
        if (!next) {
          onClose();
        }
      }}
      title={`Delete the content of "${plainText(file.name)}"?`}
      consequence="The content is gone for good and cannot be restored. What was found, where it came from and that you deleted it stay on record."
      confirmLabel="Delete content"
      typeName={file.id}
      busy={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate({ id: file.id })}
    />
  );
}

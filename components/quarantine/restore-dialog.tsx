"use client";

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { TriangleAlertIcon } from "lucide-react";
import { useId, useState } from "react";
import { plainText } from "#components/shared/plain-text.ts";
import { toast } from "#components/shared/toast.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { Alert } from "#components/ui/alert.tsx";
import { ConfirmDialog } from "#components/ui/confirm-dialog.tsx";
import { Field } from "#components/ui/field.tsx";
import { Input } from "#components/ui/input.tsx";
import type { QuarantineView } from "#server/files/schema.ts";

interface RestoreDialogProps {
  file: QuarantineView;
  open: boolean;
  onClose: () => void;
}

/** Asks where to, says what it means, and wants the name typed. The server asks for a proof of identity on top. */
export function RestoreDialog({ file, open, onClose }: RestoreDialogProps) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const [to, setTo] = useState<string | null>(null);
  const [name, setName] = useState(file.name);
  const folderList = useId();
  const targets = useQuery(trpc.quarantine.targets.queryOptions(undefined, { enabled: open }));
  const folders = targets.data?.folders ?? [];
  const folder = to ?? folders[0] ?? "";
  const isCritical = file.findings.some(({ severity }) => severity === "critical");
  const restore = useMutation(
    trpc.quarantine.restore.mutationOptions({
      onSuccess: async ({ path }) => {
        await queryClient.invalidateQueries({ queryKey: trpc.quarantine.pathKey() });
        onClose();
        toast(`Restored to ${plainText(path)}`);
      },
    }),
  );
  return (
    <ConfirmDialog
      open={open}
      onOpenChange={(next) => {
        restore.reset();
        if (!next) {
          onClose();
        }
      }}
      title={`Restore "${plainText(file.name)}"?`}
      consequence="The file is written, decrypted, to a folder of the machine the gateway runs on; never over another file. The copy in quarantine stays until it is deleted. That you restored it is on record."
      confirmLabel="Restore file"
      typeName={file.id}
      busy={restore.isPending}
      error={restore.error}
      onConfirm={() =>
        restore.mutate({ id: file.id, to: folder, force: isCritical, ...(name === file.name ? {} : { as: name }) })
      }
    >
      {isCritical && (
        <Alert variant="warning">
          <TriangleAlertIcon aria-hidden />
          <p className="min-w-0 break-words">
            Its findings are critical. Restore it only to look at it on a machine made for that.
          </p>
        </Alert>
      )}
      <Field label="Folder" hint="One that security.fileSystem.allowedPaths allows, from /.">
        <Input
          value={folder}
          onChange={(event) => setTo(event.target.value)}
          list={folderList}
          // Its first value is still on its way: it must not come into what somebody has begun to type.
          disabled={targets.isLoading}
          maxLength={4096}
          className="font-mono"
          autoComplete="off"
          spellCheck={false}
        />
      </Field>
      <datalist id={folderList}>
        {folders.map((known) => (
          <option key={known} value={known} />
        ))}
      </datalist>
      <Field label="Name" hint="Change it when a file of that name is there already, or to take away what deceives.">
        <Input
          value={name}
          onChange={(event) => setName(event.target.value)}
          maxLength={255}
          className="font-mono"
          autoComplete="off"
          spellCheck={false}
        />
      </Field>
    </ConfirmDialog>
  );
}

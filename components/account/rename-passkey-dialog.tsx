"use client";

import { useState, type SubmitEvent } from "react";
import { TextField } from "#components/auth/text-field.tsx";
import { useMutationForm } from "#components/shared/use-mutation-form.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { Button } from "#components/ui/button.tsx";
import { Dialog, DialogContent, DialogFooter, DialogHeader, DialogTitle } from "#components/ui/dialog.tsx";
import { FormError } from "#components/ui/form-error.tsx";
import type { Passkey } from "#server/account/schema.ts";

interface RenamePasskeyDialogProps {
  passkey: Passkey;
  onClose: () => void;
  onRenamed: () => void;
}

const NAME_MAX = 60;

export function RenamePasskeyDialog({ passkey, onClose, onRenamed }: RenamePasskeyDialogProps) {
  const trpc = useTRPC();
  const [name, setName] = useState(passkey.name);
  const form = useMutationForm(trpc.account.renamePasskey.mutationOptions({ onSuccess: onRenamed }), ["name"]);

  function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    if (!form.busy && name.trim() !== "") {
      form.send({ id: passkey.id, name: name.trim() });
    }
  }

  return (
    <Dialog open onOpenChange={(open) => (open ? undefined : onClose())}>
      <DialogContent aria-describedby={undefined}>
        <DialogHeader>
          <DialogTitle>Rename passkey</DialogTitle>
        </DialogHeader>
        <form {...form.formProps} onSubmit={submit} className="flex flex-col gap-4">
          <FormError text={form.formError} />
          <TextField
            label="Name"
            name="name"
            autoComplete="off"
            maxLength={NAME_MAX}
            required
            error={form.errors.name}
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
          <DialogFooter>
            <Button variant="outline" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" disabled={form.busy || name.trim() === ""}>
              Rename passkey
            </Button>
          </DialogFooter>
        </form>
      </DialogContent>
    </Dialog>
  );
}

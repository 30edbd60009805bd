"use client";

import { useState, type SubmitEvent } from "react";
import { CodeField } from "#components/auth/code-field.tsx";
import { PasswordField } from "#components/auth/password-field.tsx";
import { useMutationForm } from "#components/shared/use-mutation-form.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { Button } from "#components/ui/button.tsx";
import {
  Dialog,
  DialogContent,
  DialogDescription,
  DialogFooter,
  DialogHeader,
  DialogTitle,
} from "#components/ui/dialog.tsx";
import { FormError } from "#components/ui/form-error.tsx";

interface RemoveAppDialogProps {
  onClose: () => void;
  onRemoved: () => void;
}

/** Removes the authenticator app: password and a code of it, so that no open session is enough. */
export function RemoveAppDialog({ onClose, onRemoved }: RemoveAppDialogProps) {
  const trpc = useTRPC();
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const form = useMutationForm(trpc.account.removeTotp.mutationOptions({ gcTime: 0, onSuccess: onRemoved }), [
    "password",
    "code",
  ]);

  function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    if (!form.busy) {
      form.send({ password, code });
    }
  }

  return (
    <Dialog open onOpenChange={(open) => (open ? undefined : onClose())}>
      <DialogContent>
        <DialogHeader>
          <DialogTitle>Remove the authenticator app?</DialogTitle>
          <DialogDescription>
            Its codes and your recovery codes stop working at once, and your other sessions end.
          </DialogDescription>
        </DialogHeader>
        <form {...form.formProps} onSubmit={submit} className="flex flex-col gap-4">
          <FormError text={form.formError} />
          <PasswordField
            label="Your password"
            name="password"
            autoComplete="current-password"
            error={form.errors.password}
            value={password}
            onChange={(event) => setPassword(event.target.value)}
          />
          <CodeField label="Code of the app" error={form.errors.code} value={code} onChange={setCode} />
          <DialogFooter>
            <Button variant="outline" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" variant="destructive" disabled={form.busy || password === "" || code.length < 6}>
              Remove app
            </Button>
          </DialogFooter>
        </form>
      </DialogContent>
    </Dialog>
  );
}

"use client";

import { LoaderCircleIcon, OctagonXIcon } from "lucide-react";
import { useState, type ReactNode, type SubmitEvent } from "react";
import { errorText } from "#components/shared/error-text.ts";
import type { CallError } from "#components/trpc/query-client.ts";
import { Alert } from "#components/ui/alert.tsx";
import {
  AlertDialog,
  AlertDialogCancel,
  AlertDialogContent,
  AlertDialogDescription,
  AlertDialogTitle,
} from "#components/ui/alert-dialog.tsx";
import { Button } from "#components/ui/button.tsx";
import { Field } from "#components/ui/field.tsx";
import { Input } from "#components/ui/input.tsx";

export interface ConfirmDialogProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  /** The question with the name of what it is about: `Revoke token "ci-bot"?` */
  title: string;
  /** What happens, to how many, and whether it can be undone. */
  consequence: ReactNode;
  /** Verb and noun, as on the button that opened the dialog: "Revoke token". */
  confirmLabel: string;
  /** What has to be typed before the button works. Leave out for what can be undone. */
  typeName?: string;
  /** Not a loss: the button is not red. */
  harmless?: boolean;
  busy: boolean;
  error?: CallError | null;
  /** Close the dialog yourself once it is done. */
  onConfirm: () => void;
  /** More to decide, above the buttons. */
  children?: ReactNode;
}

/** The dialog itself, loaded when it is first asked for. */
export function ConfirmDialogContent({ onOpenChange, ...props }: Omit<ConfirmDialogProps, "open">) {
  return (
    <AlertDialog open onOpenChange={(next) => (props.busy ? undefined : onOpenChange(next))}>
      <AlertDialogContent>
        <ConfirmForm {...props} />
      </AlertDialogContent>
    </AlertDialog>
  );
}

function ConfirmForm({
  title,
  consequence,
  confirmLabel,
  typeName,
  harmless = false,
  busy,
  error = null,
  onConfirm,
  children,
}: Omit<ConfirmDialogProps, "open" | "onOpenChange">) {
  const [typed, setTyped] = useState("");
  const ready = typeName === undefined || typed.trim() === typeName;

  function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    if (ready && !busy) {
      onConfirm();
    }
  }

  return (
    <form onSubmit={submit} className="flex flex-col gap-4">
      <div className="flex flex-col gap-1">
        <AlertDialogTitle>{title}</AlertDialogTitle>
        <AlertDialogDescription asChild>
          <div>{consequence}</div>
        </AlertDialogDescription>
      </div>
      {children}
      {typeName !== undefined && (
        <Field label={`Type ${typeName} to confirm`}>
          <Input
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
            className="font-mono"
          />
        </Field>
      )}
      {error !== null && (
        <Alert variant="destructive" role="alert">
          <OctagonXIcon aria-hidden />
          <p className="min-w-0 break-words">{errorText(error)}</p>
        </Alert>
      )}
      <div className="flex flex-col-reverse gap-2 sm:flex-row sm:justify-end">
        <AlertDialogCancel asChild>
          <Button variant="outline" disabled={busy}>
            Cancel
          </Button>
        </AlertDialogCancel>
        <Button type="submit" variant={harmless ? "default" : "destructive"} disabled={!ready || busy}>
          {busy && <LoaderCircleIcon aria-hidden className="animate-spin" />}
          {confirmLabel}
        </Button>
      </div>
    </form>
  );
}

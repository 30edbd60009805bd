"use client";

import type { ReactNode } from "react";
import { SubmitButton } from "#components/auth/submit-button.tsx";
import type { useMutationForm } from "#components/shared/use-mutation-form.ts";
import { Button } from "#components/ui/button.tsx";
import { FormError } from "#components/ui/form-error.tsx";
import {
  Sheet,
  SheetBody,
  SheetContent,
  SheetDescription,
  SheetFooter,
  SheetHeader,
  SheetTitle,
} from "#components/ui/sheet.tsx";

interface FormSheetProps {
  title: string;
  description: string;
  form: Pick<ReturnType<typeof useMutationForm>, "formProps" | "formError" | "busy">;
  /** Not called while a sent form is under way. */
  onSubmit: () => void;
  submit: { label: string; busyLabel: string; disabled: boolean };
  onClose: () => void;
  /** The fields. */
  children: ReactNode;
}

/** A panel whose form makes something new. */
export function FormSheet({ title, description, form, onSubmit, submit, onClose, children }: FormSheetProps) {
  return (
    <Sheet open onOpenChange={(open) => (open ? undefined : onClose())}>
      <SheetContent>
        <SheetHeader>
          <SheetTitle>{title}</SheetTitle>
          <SheetDescription>{description}</SheetDescription>
        </SheetHeader>
        <form
          {...form.formProps}
          onSubmit={(event) => {
            event.preventDefault();
            if (!form.busy) {
              onSubmit();
            }
          }}
          className="flex min-h-0 grow flex-col"
        >
          <SheetBody>
            <FormError text={form.formError} />
            {children}
          </SheetBody>
          <SheetFooter>
            <Button variant="outline" onClick={onClose}>
              Cancel
            </Button>
            <SubmitButton busy={form.busy} {...submit} />
          </SheetFooter>
        </form>
      </SheetContent>
    </Sheet>
  );
}

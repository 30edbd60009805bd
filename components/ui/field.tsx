"use client";

import { CircleAlertIcon } from "lucide-react";
import { Slot } from "radix-ui";
import { useId, type ReactNode } from "react";
import { cn } from "#components/shared/cn.ts";
import { Label } from "#components/ui/label.tsx";

interface FieldProps {
  label: string;
  /** What to enter and what follows from it. */
  hint?: ReactNode;
  /** What is wrong and how to put it right; null or undefined when nothing is. */
  error?: string | null | undefined;
  /** Says "optional" beside the label. */
  optional?: boolean;
  className?: string;
  /** One control that takes `id`, `aria-describedby` and `aria-invalid`: Input, Select, Textarea, ChipsInput … */
  children: ReactNode;
}

/** A control with its label, hint and error, tied together for screen readers. */
export function Field({ label, hint, error, optional = false, className, children }: FieldProps) {
  const id = useId();
  const hintId = `${id}-hint`;
  const errorId = `${id}-error`;
  const invalid = error !== undefined && error !== null;
  const described = [...(invalid ? [errorId] : []), ...(hint === undefined ? [] : [hintId])].join(" ");
  return (
    <div data-slot="field" className={cn("flex min-w-0 flex-col gap-1.5", className)}>
      <Label htmlFor={id}>
        {label}
        {optional && <span className="font-normal text-muted-foreground"> (optional)</span>}
      </Label>
      <Slot.Root
        id={id}
        aria-invalid={invalid || undefined}
        aria-describedby={described === "" ? undefined : described}
      >
        {children}
      </Slot.Root>
      {invalid && <FieldError id={errorId}>{error}</FieldError>}
      {hint !== undefined && (
        <p id={hintId} className="text-muted-foreground">
          {hint}
        </p>
      )}
    </div>
  );
}

export function FieldError({ id, children }: { id?: string; children: ReactNode }) {
  return (
    <p id={id} data-slot="field-error" className="flex items-start gap-1.5 text-destructive">
      <CircleAlertIcon aria-hidden className="mt-0.5 size-4 shrink-0" />
      <span className="min-w-0 break-words">{children}</span>
    </p>
  );
}
